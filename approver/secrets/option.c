/* option.c: --password X, and `set NAME X`: a name, and its value as the next word.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>

enum { GAP = 80, LONG = 2 };

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.';
}

/* From the end of a word to the beginning of the next, in the shell or in a list of strings; `at` when
 * there is none. */
static size_t next_word(const struct scan *s, size_t at)
{
	size_t i = at;
	bool gap = false;
	if (i < s->len && (s->text[i] == '"' || s->text[i] == '\''))
		i++;
	if (i < s->len && s->text[i] == ',')
		i++;
	for (; i < s->len && i - at < GAP; i++) {
		if (s->text[i] == '\\' && i + 1 < s->len && s->text[i + 1] == '\n')
			i++; /* the line goes on */
		else if (s->text[i] != ' ' && s->text[i] != '\t')
			break;
		gap = true;
	}
	return gap || (i > at && s->text[i - 1] == ',') ? i : at;
}

void scan_option(struct scan *s)
{
	size_t end = s->at;
	while (end < s->len && end - s->at < NAME_LONGEST && name_byte(s->text[end]))
		end++;
	size_t dashes = s->at;
	while (dashes < end && s->text[dashes] == '-')
		dashes++;
	if (end - dashes < LONG || (end < s->len && s->text[end] == '='))
		return;
	enum secrecy secrecy = option_secrecy(s->text + dashes, end - dashes);
	size_t at = secrecy == SECRECY_NONE ? end : next_word(s, end);
	if (at == end || at >= s->len || s->text[at] == '-')
		return;
	scan_value(s, at, s->sure && !s->quote && at == end + 1, secrecy);
}

void scan_setting(struct scan *s, size_t end)
{
	size_t name = name_before(s, end);
	enum secrecy secrecy = name < s->at ? SECRECY_NONE : name_secrecy(s->text + name, end - name);
	size_t at = secrecy == SECRECY_NONE ? end : next_word(s, end);
	/* "they set password on all hosts" is a sentence: nothing short */
	if (at > end && at < s->len && s->text[at] != '-')
		scan_value(s, at, s->sure && !s->quote && at == end + 1,
			   secrecy == SECRECY_STRONG ? SECRECY_WEAK : secrecy);
}
