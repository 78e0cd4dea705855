/* url.c: scheme://USER:PASSWORD@HOST (RFC 3986 section 3.2.1).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>

enum { TOKEN_LEAST = 20 };

void scan_url(struct scan *s)
{
	const char *text = s->text;
	size_t start = s->at + 3, end = start, at_sign = 0, colon = 0;
	for (; end < s->len && value_byte(text[end]) && !strchr("/?#\\", text[end]); end++) {
		if (text[end] == '@')
			at_sign = end;
		if (text[end] == ':' && !colon)
			colon = end;
	}
	if (!at_sign || at_sign == start)
		return;
	if (s->len - at_sign > 8 && memcmp(text + at_sign, "@sha256:", 8) == 0) /* an image and its digest */
		return;
	struct value value = {colon && colon < at_sign ? colon + 1 : start, at_sign, 0, false};
	if (value.start == value.end || expansion_at(text, s->len, value.start))
		return;
	if (value.start == start) { /* no password: the user may be a token */
		if (at_sign - start < TOKEN_LEAST || !looks_random(text + start, at_sign - start))
			return;
	}
	if (value_is_secret(&value, text, s->len, SECRECY_STRONG))
		scan_take(s, value.start, value.end);
}
