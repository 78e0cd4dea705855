/* policy_wrapper.c: commands that run the command in their arguments.  A rule about rm must see `timeout 5
 * rm`.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

/* flags: options without a value; valued: with one in the same or the next word; operands: plain words before
 * the command. */
static const struct {
	const char *name, *flags, *valued;
	int operands;
} wrappers[] = {
    {"timeout", "", "ks", 1},     {"nice", "", "n", 0},     {"nohup", "", "", 0},
    {"command", "", "", 0},       {"builtin", "", "", 0},   {"exec", "", "", 0},
    {"setsid", "cfw", "", 0},     {"stdbuf", "", "ioe", 0}, {"env", "i", "u", 0},
    {"xargs", "0rt", "nPIdL", 0}, {"time", "p", "", 0},
};

static const char not_understood[] = "a wrapper whose options are not understood";

/* After "env": NAME=value words are passed over unless they change what runs. */
static bool environment_word(const struct sh_word *word, const char **why)
{
	const char *equals = strchr(word->text, '=');
	char name[64];
	size_t len = equals ? (size_t)(equals - word->text) : 0;
	if (!equals)
		return false;
	if (len >= sizeof name) {
		*why = not_understood;
		return true;
	}
	memcpy(name, word->text, len);
	name[len] = '\0';
	*why = hazard_variable(name);
	return true;
}

bool wrapper_appends(const struct sh_word *words)
{
	return !strcmp(program_name(&words[0]), "xargs");
}

size_t wrapper_words(const struct sh_word *words, size_t n, const char **why)
{
	*why = NULL;
	if (!n || words[0].certainty != SH_LITERAL)
		return 0;
	const char *name = program_name(&words[0]);
	size_t w = 0, count = sizeof wrappers / sizeof *wrappers, i = 1;
	while (w < count && strcmp(name, wrappers[w].name))
		w++;
	if (w == count)
		return 0;
	int operands = wrappers[w].operands;
	for (; i < n && !*why; i++) {
		const struct sh_word *word = &words[i];
		bool option = word->text[0] == '-' && word->text[1];
		if (word->certainty != SH_LITERAL && (option || !*word->text || operands))
			break;
		if (!strcmp(word->text, "--") && !operands)
			continue;
		if (option && strspn(word->text + 1, wrappers[w].flags) == strlen(word->text + 1))
			continue;
		if (option && strchr(wrappers[w].valued, word->text[1])) {
			i += word->text[2] ? 0 : 1;
			if (i < n && words[i].certainty != SH_LITERAL)
				*why = not_understood;
			/* env -u NAME takes a variable away, as `unset` does. */
			if (!strcmp(name, "env") && !*why)
				*why = i < n ? hazard_variable(word->text[2] ? word->text + 2 : words[i].text)
					     : not_understood;
			continue;
		}
		if (option) {
			/* `command -v name` only tells where it is. */
			if (!strcmp(name, "command") && !strcmp(word->text, "-v"))
				return n;
			*why = not_understood;
			break;
		}
		if (!strcmp(name, "env") && environment_word(word, why))
			continue;
		if (operands) {
			operands--;
			continue;
		}
		return i;
	}
	/* Nothing to run: `env` alone prints, `exec` alone redirects, others wait for a command that is not
	 * there. */
	if (!*why && i < n)
		*why = "a wrapper around a command that is not literal";
	return n;
}
