/* header.c: NAME: VALUE: headers of HTTP, members of JSON and YAML; and what Authorization carries.
 *
 * A colon also stands in sentences, so a value behind one counts only where it is whole: quoted, or up to
 * the end of the quotes that the name stands in, or of a line that the name begins.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>
#include <strings.h>

enum { BLANKS = 8, JWK_D = 43 };

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static bool named(const struct scan *s, size_t name, size_t end, const char *what)
{
	return end - name == strlen(what) && strncasecmp(s->text + name, what, end - name) == 0;
}

/* "Bearer X", "Basic X", "token X", X */
static void authorization(struct scan *s, size_t at)
{
	static const char *const schemes[] = {"bearer ", "basic ",   "token ",
					      "apikey ", "api-key ", "splunk "};
	size_t gap = at;
	while (at < s->len && at - gap < 3 &&
	       (is_quote(s->text[at]) || s->text[at] == '\\' || s->text[at] == ' '))
		at++;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i]);
		if (s->len - at > n && strncasecmp(s->text + at, schemes[i], n) == 0) {
			while (at + n < s->len && s->text[at + n] == ' ' && n < 16)
				n++;
			scan_value(s, at + n, false, SECRECY_STRONG);
			return;
		}
	}
	struct value value;
	if (value_read(&value, s->text, s->len, at, false, &s->run) &&
	    (at_line_end(s, value.end) || (value.end < s->len && is_quote(s->text[value.end]))) &&
	    value_is_secret(&value, s->text, s->len, SECRECY_WEAK))
		scan_take(s, value.start, value.end);
}

/* The private part of a key as JSON (RFC 8037): ours are kept so. */
static void private_part(struct scan *s, const struct value *value)
{
	if (value->quote && value->closed && value->end - value->start == JWK_D &&
	    looks_random(s->text + value->start, JWK_D))
		scan_take(s, value->start, value->end);
}

void scan_colon(struct scan *s)
{
	const char *text = s->text;
	size_t end = s->at, at = s->at + 1;
	if (at + 1 < s->len && text[at] == '/' && text[at + 1] == '/') {
		scan_url(s);
		return;
	}
	bool quoted = end && is_quote(text[end - 1]);
	if (quoted)
		end -= end > 1 && text[end - 2] == '\\' ? 2 : 1;
	size_t name = name_before(s, end);
	if (name == end)
		return;
	while (at < s->len && at - s->at < BLANKS && (text[at] == ' ' || text[at] == '\t'))
		at++;
	if (at >= s->len)
		return;
	if (named(s, name, end, "authorization") || named(s, name, end, "proxy-authorization")) {
		authorization(s, at);
		return;
	}
	struct value value;
	bool private_key = quoted && named(s, name, end, "d");
	enum secrecy secrecy = name_secrecy(text + name, end - name);
	if ((secrecy == SECRECY_NONE && !private_key) ||
	    !value_read(&value, text, s->len, at, false, &s->run))
		return;
	if (private_key) {
		private_part(s, &value);
		return;
	}
	char before = name ? text[name - 1] : '\0';
	size_t stop = value.end;
	if (!value.quote && quoted) { /* {"pin":1234,… */
		while (stop > value.start && strchr(",}]", text[stop - 1]))
			stop--;
		value.end = stop;
	}
	bool whole = value.quote ? value.closed || quoted
		     : quoted    ? stop > value.start
		     : is_quote(before) && stop < s->len && text[stop] == before
			 ? true
			 : at_line_start(s, name) && at_line_end(s, stop);
	if (whole && value_is_secret(&value, text, s->len, secrecy))
		scan_take(s, value.start, stop);
}
