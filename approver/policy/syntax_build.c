/* syntax_build.c: the parser's result, its memory, and its entry point.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

bool grow(struct parser *p, void **items, size_t n, size_t size)
{
	/* Rooms of 4, 8, 16 …: grown when n is 0 or a power of two from 4 on. */
	if (n && (n < 4 || (n & (n - 1))))
		return true;
	void *more = realloc(*items, (n ? n * 2 : 4) * size);
	if (!more) {
		p->no_memory = p->stopped = true;
		return false;
	}
	*items = more;
	return true;
}

void doubt(struct parser *p, size_t start, const char *why)
{
	struct sh_script *script = p->script;
	if (script->n_doubts >= SH_MAX_DOUBTS ||
	    !grow(p, (void **)&script->doubts, script->n_doubts, sizeof *script->doubts))
		return;
	script->doubts[script->n_doubts++] = (struct sh_doubt){why, start, p->at > start ? p->at : start};
}

void give_up(struct parser *p, size_t start, const char *why)
{
	if (!p->stopped)
		doubt(p, start, why);
	p->stopped = true;
}

bool enter(struct parser *p, size_t start)
{
	if (++p->depth > SH_MAX_DEPTH)
		give_up(p, start, "nested too deeply");
	return !p->stopped;
}

void leave(struct parser *p)
{
	p->depth--;
}

struct sh_command *new_command(struct parser *p, size_t start)
{
	struct sh_script *script = p->script;
	if (script->n_commands >= SH_MAX_COMMANDS) {
		give_up(p, start, "too many commands");
		return NULL;
	}
	if (!grow(p, (void **)&script->commands, script->n_commands, sizeof *script->commands))
		return NULL;
	struct sh_command *command = &script->commands[script->n_commands++];
	*command = (struct sh_command){.start = start, .end = start};
	return command;
}

void add_function(struct parser *p, const char *name, size_t len)
{
	struct sh_script *script = p->script;
	char *copy = strndup(name, len);
	if (!copy || !grow(p, (void **)&script->functions, script->n_functions, sizeof *script->functions)) {
		free(copy);
		p->no_memory = p->stopped = true;
		return;
	}
	script->functions[script->n_functions++] = copy;
}

void word_finish(struct sh_word *word)
{
	free(word->text);
	word->text = NULL;
}

void command_finish(struct sh_command *command)
{
	for (size_t i = 0; i < command->n_words; i++)
		word_finish(&command->words[i]);
	for (size_t i = 0; i < command->n_redirects; i++)
		word_finish(&command->redirects[i].target);
	for (size_t i = 0; i < command->n_assignments; i++) {
		free(command->assignments[i].name);
		word_finish(&command->assignments[i].value);
	}
	free(command->words);
	free(command->redirects);
	free(command->assignments);
}

void sh_script_free(struct sh_script *script)
{
	if (!script)
		return;
	for (size_t i = 0; i < script->n_commands; i++)
		command_finish(&script->commands[i]);
	for (size_t i = 0; i < script->n_functions; i++)
		free(script->functions[i]);
	free(script->commands);
	free(script->functions);
	free(script->doubts);
	free(script);
}

/* Bytes that make bash read a line differently from us, whatever surrounds them. */
static void look_at_bytes(struct parser *p)
{
	if (p->end && memchr(p->s, '\0', p->end))
		give_up(p, 0, "a NUL byte");
	if (!utf8_valid(p->s, p->end))
		doubt(p, 0, "not UTF-8");
	for (size_t i = 0; i + 1 < p->end; i++) {
		/* In some multibyte encodings these are the second half of a character, and not themselves.
		 */
		if ((unsigned char)p->s[i] >= 0x80 && strchr("\\|`{}[]~^", p->s[i + 1]) && p->s[i + 1]) {
			doubt(p, i, "a character that other encodings would join with the next one");
			break;
		}
	}
	if (p->end && memchr(p->s, '\r', p->end))
		doubt(p, 0, "a carriage return");
}

struct sh_script *sh_parse(const char *line, size_t len)
{
	struct parser p = {.s = line, .end = len, .script = calloc(1, sizeof *p.script)};
	if (!p.script)
		return NULL;
	look_at_bytes(&p);
	read_list(&p, 0);
	if (!p.stopped && p.n_heredocs)
		give_up(&p, p.heredocs[0].start, "a here-document without its body");
	for (int i = 0; i < p.n_heredocs; i++)
		free(p.heredocs[i].delimiter);
	if (p.no_memory) {
		sh_script_free(p.script);
		return NULL;
	}
	return p.script;
}
