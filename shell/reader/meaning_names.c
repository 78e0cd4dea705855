/* meaning_names.c: may this text use that name?
 *
 * Not an answer for certain but on the safe side: quotes and backslashes are taken out, so that l\s and "l"s
 * are ls, and then the name is looked for where no letter, digit or underscore is beside it.  A text with
 * lines that may be joined is looked at both ways.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/reader.h"
#include <ctype.h>
#include <string.h>

static bool part(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool meaning_used(const struct buf *plain, const char *name)
{
	size_t len = strlen(name);
	const char *at = plain->data, *end = at + plain->len;
	if (!len || !at)
		return false;
	while ((at = memmem(at, (size_t)(end - at), name, len)) != NULL) {
		bool before = at > plain->data && part(at[-1]) && part(name[0]);
		bool after = at + len < end && part(at[len]) && part(name[len - 1]);
		if (!before && !after)
			return true;
		at++;
	}
	return false;
}

static void add_plain(struct buf *out, const char *text, size_t len, bool joined)
{
	for (size_t i = 0; i < len; i++) {
		if (joined && text[i] == '\\' && i + 1 < len && text[i + 1] == '\n')
			i++;
		else if (text[i] != '\\' && text[i] != '\'' && text[i] != '"')
			buf_addc(out, text[i]);
	}
}

void meaning_plain(struct buf *out, const char *text, size_t len)
{
	add_plain(out, text, len, false);
	/* Whether a backslash at a line's end joins it to the next is known to bash alone: not in a comment.
	 */
	if (!len || !memmem(text, len, "\\\n", 2))
		return;
	buf_addc(out, '\n');
	add_plain(out, text, len, true);
}
