/* sample_programs.c: which programs a line runs; see sample_programs.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/sample_programs.h"
#include "approver/policy/syntax.h"
#include "common/sorted.h"
#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct sample *sample, const char *name, bool *there)
{
	return sorted_place(sample->programs, sample->n_programs, sizeof *sample->programs, name, there);
}

/* false when out of memory. */
static bool insert(struct sample *sample, size_t at, const char *name)
{
	struct program *programs = sorted_insert(sample->programs, &sample->n_programs,
						 &sample->room_programs, sizeof *programs, at, name);
	if (programs)
		sample->programs = programs;
	return programs != NULL;
}

static bool count_one(struct sample *sample, const char *name, bool *other)
{
	bool there;
	size_t at = place_of(sample, name, &there);
	if (!there && (sample->n_programs == PROGRAMS_MAX || strlen(name) > PROGRAM_NAME_MAX)) {
		*other = true;
		return true;
	}
	if (!there && !insert(sample, at, name))
		return false;
	struct program *program = &sample->programs[at];
	program->lines += program->last != sample->lines;
	program->last = sample->lines;
	return true;
}

static bool count_commands(struct sample *sample, const struct sh_script *script)
{
	bool unknown = false, other = false, any = false;
	for (size_t i = 0; i < script->n_commands; i++) {
		if (!script->commands[i].n_words)
			continue;
		const struct sh_word *word = &script->commands[i].words[0];
		any = true;
		if (word->certainty != SH_LITERAL || !word->len || strlen(word->text) != word->len) {
			unknown = true;
			continue;
		}
		const char *slash = strrchr(word->text, '/');
		if (!count_one(sample, slash && slash[1] ? slash + 1 : word->text, &other))
			return false;
	}
	sample->classes[NOT_UNDERSTOOD] += unknown;
	sample->classes[OTHER_PROGRAMS] += other;
	sample->classes[NO_PROGRAM] += !any;
	return true;
}

bool count_programs(struct sample *sample, const char *line, size_t len)
{
	struct sh_script *script = sh_parse(line, len);
	if (!script)
		return false;
	bool good = true;
	if (script->n_doubts)
		sample->classes[NOT_UNDERSTOOD]++;
	else
		good = count_commands(sample, script);
	sh_script_free(script);
	return good;
}

int64_t sample_program(const struct sample *sample, const char *name)
{
	bool there;
	size_t at = place_of(sample, name, &there);
	return there ? sample->programs[at].lines : 0;
}
