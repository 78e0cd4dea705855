/* policy_match.c: does a pattern cover a simple command's words?  Yes, no, or maybe when a word is not known.
 *
 * A path with ".." in it matches no glob: src/../../etc is not under src.  A program is known by its bare
 * name, or by its path in one of the system's folders, which no PATH can change.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include "common/text.h"
#include <string.h>

/* What comparing with a word takes, where a character compared with one of a glob is 1. */
enum { STEPS_A_WORD = 16 };

const char *program_name(const struct sh_word *word)
{
	static const char *const folders[] = {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t len = strlen(folders[i]);
		if (!strncmp(word->text, folders[i], len) && word->text[len] &&
		    !strchr(word->text + len, '/'))
			return word->text + len;
	}
	return word->text;
}

static bool climbs(const char *text)
{
	for (const char *at = text; (at = strstr(at, "..")); at += 2)
		if ((at == text || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

/* A file named from the root is not what a relative pattern such as *.txt speaks of. */
static bool elsewhere(const char *pattern, const char *text)
{
	return text[0] == '/' && pattern[0] != '/';
}

static bool has_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

/* Take so many; false when there are not enough. */
static bool spend(size_t *steps, size_t n)
{
	if (!steps)
		return true;
	bool enough = n <= *steps;
	*steps = enough ? *steps - n : 0;
	return enough;
}

static enum match word_match(const struct strings *alternatives, const struct sh_word *word, bool program,
			     bool target, size_t *steps)
{
	enum match best = MATCH_NO;
	if (word->len != strlen(word->text))
		return MATCH_MAYBE;
	for (size_t i = 0; i < alternatives->n; i++) {
		const char *pattern = alternatives->items[i];
		if (word->certainty != SH_LITERAL) {
			best = MATCH_MAYBE;
			continue;
		}
		if (!strcmp(pattern, word->text) || (program && !strcmp(pattern, program_name(word))))
			return MATCH_YES;
		if (!has_glob(pattern))
			continue;
		if (!spend(steps, strlen(pattern) * word->len)) /* what it may take */
			return MATCH_MAYBE;
		if (glob_match(pattern, word->text)) {
			if (!strcmp(pattern, "*") ||
			    !(climbs(word->text) || (target && elsewhere(pattern, word->text))))
				return MATCH_YES;
			best = MATCH_MAYBE;
		}
	}
	return best;
}

enum match pattern_match(const struct pattern *pattern, const struct sh_word *words, size_t n, size_t *steps)
{
	enum match result = MATCH_YES;
	bool writes = n && words[0].certainty == SH_LITERAL && !strcmp(words[0].text, ">");
	for (size_t i = 0; i < pattern->n; i++) {
		if (i >= n)
			return MATCH_NO;
		if (!spend(steps, pattern->words[i].n * STEPS_A_WORD + words[i].len / STEPS_A_WORD))
			return MATCH_MAYBE;
		enum match m = word_match(&pattern->words[i], &words[i], i == 0, writes && i == 1, steps);
		if (m == MATCH_NO)
			return MATCH_NO;
		/* A word that may become several makes every later place uncertain. */
		if (words[i].certainty == SH_ANY)
			return MATCH_MAYBE;
		result = m < result ? m : result;
	}
	if (pattern->rest || n == pattern->n)
		return result;
	/* More words than the pattern has: they may all be nothing. */
	for (size_t i = pattern->n; i < n; i++)
		if (words[i].certainty != SH_ANY)
			return MATCH_NO;
	return MATCH_MAYBE;
}
