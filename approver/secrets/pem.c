/* pem.c: private keys as text (RFC 7468): what stands between BEGIN and END, as one secret where it can be.
 *
 * Newlines are in it, so it must be nothing else: lines of base64 that begin as a key does and are as long as
 * a key's.  In a string of JSON or of the shell its newlines may be written as \n.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>

enum { LABEL = 64, LINE_LEAST = 32, GAP = 80, HEADERS = 200 };

static bool base64_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
	       c == '/' || c == '=';
}

static bool is_here(const struct scan *s, size_t at, const char *what)
{
	size_t n = strlen(what);
	return s->len - at >= n && memcmp(s->text + at, what, n) == 0;
}

/* Blanks, newlines, and newlines that are written out; what closes and opens a string on each line. */
static size_t skip_gap(const struct scan *s, size_t at)
{
	size_t i = at;
	while (i < s->len && i - at < GAP) {
		if (is_here(s, i, "\\n") || is_here(s, i, "\\r"))
			i += 2;
		else if (strchr(" \t\r\n", s->text[i]) && s->text[i])
			i++;
		else
			break;
	}
	return i;
}

/* "Proc-Type: 4,ENCRYPTED" and "DEK-Info: …": they say how, and are to be seen. */
static size_t skip_headers(const struct scan *s, size_t at, bool *some)
{
	for (int lines = 0; lines < 2 && (is_here(s, at, "Proc-Type:") || is_here(s, at, "DEK-Info:"));
	     lines++) {
		size_t i = at;
		while (i < s->len && i - at < HEADERS && s->text[i] != '\n' && !is_here(s, i, "\\n"))
			i++;
		at = skip_gap(s, i);
		*some = true;
	}
	return at;
}

static size_t line_end(const struct scan *s, size_t at)
{
	while (at < s->len && base64_byte(s->text[at]) && !is_here(s, at, "\\n"))
		at++;
	return at;
}

void scan_pem(struct scan *s)
{
	static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY";
	if (!is_here(s, s->at, begin))
		return;
	size_t label = s->at + sizeof begin - 1, at = label;
	bool private_key = false, headers = false;
	for (; at < s->len && at - label < LABEL && s->text[at] != '-'; at++)
		private_key |= is_here(s, at, kind);
	if (!private_key || !is_here(s, at, "-----"))
		return;
	at = skip_headers(s, skip_gap(s, at + 5), &headers);
	if (!headers && !is_here(s, at, "M") && !is_here(s, at, "b3BlbnNzaC1") && !is_here(s, at, "l") &&
	    !is_here(s, at, "x"))
		return;
	size_t start = at, end = at;
	while (at < s->len) {
		size_t stop = line_end(s, at), next = skip_gap(s, stop);
		bool last = is_here(s, next, "-----END") || next >= s->len;
		if (stop == at || (stop - at < LINE_LEAST && !last && s->text[stop - 1] != '='))
			break;
		end = stop;
		at = next;
	}
	scan_take(s, start, end);
}
