/* meaning_names.c: may this text use that name?
 *
 * Not an answer for certain but on the safe side: quotes and backslashes are taken out, so that l\s and "l"s
 * are ls, and then the name is looked for where no letter, digit or underscore is beside it.
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

void meaning_plain(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\' && text[i] != '\'' && text[i] != '"')
			buf_addc(out, text[i]);
	}
}
