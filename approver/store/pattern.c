/* pattern.c: what `match` asks for, as LIKE and as the trigram index are asked.
 *
 * Of a long pattern some trigrams are taken, from all over it: enough to propose by, and each costs a pass
 * over all commands that have it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/text.h"
#include <string.h>

enum { MAX_TRIGRAMS = 8 };

void pattern_like(struct buf *out, const char *match)
{
	buf_addc(out, '%');
	for (; *match; match++) {
		if (strchr("%_\\", *match))
			buf_addc(out, '\\');
		buf_addc(out, *match);
	}
	buf_addc(out, '%');
}

void pattern_quote(struct buf *out, const char *text, size_t len)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}

void pattern_words(struct buf *out, const char *match)
{
	size_t len = strlen(match), characters = 0, at = 0, starts[3] = {0};
	uint32_t c;
	if (!utf8_valid(match, len))
		return;
	while (at < len) {
		at += utf8_next(match + at, len - at, &c);
		characters++;
	}
	size_t trigrams = characters < 3 ? 0 : characters - 2;
	size_t wanted = trigrams < MAX_TRIGRAMS ? trigrams : MAX_TRIGRAMS, taken = 0;
	at = 0;
	for (size_t i = 0; i < characters && taken < wanted; i++) {
		starts[i % 3] = at;
		at += utf8_next(match + at, len - at, &c);
		/* The first, the last, and between them at even distances. */
		if (i < 2 || (wanted > 1 && i - 2 < taken * (trigrams - 1) / (wanted - 1)))
			continue;
		buf_adds(out, out->len ? " AND " : "");
		pattern_quote(out, match + starts[(i + 1) % 3], at - starts[(i + 1) % 3]);
		taken++;
	}
}

bool pattern_is_short(const char *match)
{
	uint32_t c;
	size_t len = strlen(match), first = utf8_valid(match, len) ? utf8_next(match, len, &c) : 0;
	return first && (first == len || first + utf8_next(match + first, len - first, &c) == len);
}
