/* assign.c: NAME=VALUE: variables, options, query parameters, settings, keyword arguments of code.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>

enum { BLANKS = 4, QUERY = 4096 };

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool has_digit(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && !(text[i] >= '0' && text[i] <= '9'))
		i++;
	return i < len;
}

/* "NAME = VALUE" is no assignment of the shell: a setting on a line of its own, or code with a string. */
static void spaced(struct scan *s, enum secrecy secrecy, size_t name, size_t at)
{
	struct value value;
	if (!value_read(&value, s->text, s->len, at, false, &s->run) ||
	    !value_is_secret(&value, s->text, s->len, secrecy))
		return;
	if (!value.quote && secrecy != SECRECY_STRONG &&
	    !has_digit(s->text + value.start, value.end - value.start))
		return; /* `token = Name.Label`: code */
	if (value.quote ? value.closed : at_line_start(s, name) && at_line_end(s, value.end))
		scan_take(s, value.start, value.end);
}

/* "?token=X": a fragment may follow, and what is encoded has no other use of its sign. */
static void in_query(struct scan *s, enum secrecy secrecy, size_t at)
{
	struct value value;
	if (!value_read(&value, s->text, s->len, at, false, &s->run))
		return;
	size_t n = value.end - value.start;
	const char *fragment = memchr(s->text + value.start, '#', n < QUERY ? n : QUERY);
	if (fragment)
		value.end = (size_t)(fragment - s->text);
	if (value_is_secret(&value, s->text, s->len, secrecy))
		scan_take(s, value.start, value.end);
}

/* `password=password`: an argument of code that is called like what is passed. */
static bool is_its_name(const struct scan *s, size_t name, size_t end, size_t at)
{
	for (size_t i = end; i-- > name;)
		if (s->text[i] == '.') { /* self.password = password */
			name = i + 1;
			break;
		}
	size_t n = end - name;
	return s->len - at >= n && memcmp(s->text + at, s->text + name, n) == 0 &&
	       (at + n == s->len || !value_byte(s->text[at + n]) || s->text[at + n] == ',');
}

void scan_assignment(struct scan *s)
{
	const char *text = s->text;
	size_t end = s->at, at = s->at + 1;
	if (at >= s->len || text[at] == '=' || text[at] == '~' || !end)
		return;
	if (strchr("!<>=", text[end - 1])) /* a comparison */
		return;
	if (strchr("+:?", text[end - 1])) /* += of the shell, := and ?= of make */
		end--;
	while (end && s->at - end < BLANKS && blank(text[end - 1]))
		end--;
	bool apart = end && end < s->at && blank(text[end]);
	while (at < s->len && at - s->at <= BLANKS && blank(text[at]))
		at++;
	/* d["password"] = "x" */
	for (int i = 0; i < 2 && end && strchr("]\"'", text[end - 1]); i++)
		end--;
	size_t name = name_before(s, end);
	if (name == end || (name && text[name - 1] == '$'))
		return;
	bool option = text[name] == '-';
	enum secrecy secrecy =
	    option ? option_secrecy(text + name, end - name) : name_secrecy(text + name, end - name);
	if (secrecy == SECRECY_NONE)
		return;
	if (name && strchr("?&", text[name - 1]))
		in_query(s, secrecy, at);
	else if (is_its_name(s, name, end, at))
		return;
	else if (apart)
		spaced(s, secrecy, name, at);
	else if (at == s->at + 1)
		scan_value(s, at, s->sure && !s->quote, secrecy);
}
