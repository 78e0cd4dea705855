/* find.c: one pass over a text, asking at each place who knows a secret there.
 *
 * Quotes.  Whether a quote opens a string or closes one decides what of a line is data.  They are counted as
 * the shell counts them, but a text can be made in which that fails: here-documents, substitutions,
 * comments.  In such a text no quote is sure, and a value in quotes is found only as far as it would be a
 * value without them.  So an agent may succeed in showing its own secret; it does not succeed in hiding
 * `rm -rf /` behind `PASSWORD='`.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <stdlib.h>
#include <string.h>

bool scan_take(struct scan *s, size_t start, size_t end)
{
	struct findings *f = s->found;
	if (start < s->taken || end <= start)
		return false;
	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 8;
		struct finding *list = reallocarray(f->list, room, sizeof *list);
		if (!list) {
			f->failed = true;
			return false;
		}
		f->list = list;
		f->room = room;
	}
	f->list[f->n++] = (struct finding){start, end};
	s->taken = end;
	return true;
}

void findings_finish(struct findings *found)
{
	free(found->list);
	*found = (struct findings){0};
}

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.';
}

/* "hunter2,replicas=2": where a list goes on with another setting. */
static size_t list_goes_on(const struct scan *s, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++) {
		size_t name = i + 1;
		if (s->text[i] != ',')
			continue;
		while (name < end && name - i <= NAME_LONGEST && name_byte(s->text[name]))
			name++;
		if (name > i + 1 && name < end && s->text[name] == '=')
			return i;
	}
	return end;
}

bool scan_value(struct scan *s, size_t at, bool trusted, enum secrecy secrecy)
{
	struct value value;
	if (at < s->taken || !value_read(&value, s->text, s->len, at, trusted, &s->run))
		return false;
	if (value.end - value.start > 5 && memcmp(s->text + value.start, "pass:", 5) == 0) /* of openssl */
		value.start += 5;
	if (!value_is_secret(&value, s->text, s->len, secrecy))
		return false;
	size_t end = value.quote ? value.end : list_goes_on(s, value.start, value.end);
	return scan_take(s, value.start, end);
}

size_t name_before(const struct scan *s, size_t end)
{
	size_t start = end;
	while (start > 0 && end - start < NAME_LONGEST && name_byte(s->text[start - 1]))
		start--;
	return start;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

enum { INDENT = 64 };

bool at_line_start(const struct scan *s, size_t at)
{
	for (size_t i = 0; i < INDENT; i++) {
		if (at == i || s->text[at - i - 1] == '\n')
			return true;
		if (!blank(s->text[at - i - 1]) && s->text[at - i - 1] != '-')
			return false;
	}
	return false;
}

bool at_line_end(const struct scan *s, size_t at)
{
	for (size_t i = at; i < s->len && i - at < INDENT; i++) {
		if (s->text[i] == '\n' || s->text[i] == '\r')
			return true;
		if (!blank(s->text[i]))
			return false;
	}
	return s->len - at < INDENT;
}

/* What makes counting quotes unsure: see above.  Three quotes in a row are another language's. */
static bool quotes_are_sure(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i], after = i + 1 < len ? text[i + 1] : '\0';
		bool quote = c == '\'' || c == '"';
		if (c == '`' || (c == '$' && after && strchr("({['\"", after)) ||
		    (c == '<' && after == '<') || (c == '#' && (i == 0 || !name_byte(text[i - 1]))) ||
		    (quote && after == c && i + 2 < len && text[i + 2] == c))
			return false;
	}
	return true;
}

/* The shell's state behind one more byte; true: the next one is escaped. */
static bool count_quote(struct scan *s, char c)
{
	if (s->quote == '\'') {
		s->quote = c == '\'' ? 0 : '\'';
		return false;
	}
	if (c == '\\')
		return true;
	if (c == '"')
		s->quote = s->quote ? 0 : '"';
	else if (c == '\'' && !s->quote)
		s->quote = '\'';
	return false;
}

static bool word_byte(char c)
{
	return name_byte(c) && c != '-' && c != '.';
}

/* Does a word begin here, of the shell or of a list in code? */
static bool word_begins(const struct scan *s)
{
	if (!s->at)
		return true;
	char c = s->text[s->at - 1];
	return (unsigned char)c <= ' ' || !value_byte(c) || c == '[' || c == ',' || c == '{';
}

static void look(struct scan *s)
{
	char c = s->text[s->at], before = s->at ? s->text[s->at - 1] : '\0';
	if (strchr(";|&\n(`", c) && c) {
		s->program = NULL;
		return;
	}
	if (s->at < s->taken)
		return;
	if (word_begins(s)) {
		if (!strchr("[,{", before) || !before)
			scan_word(s);
		if (c == '-')
			scan_option(s);
	}
	if (s->at < s->taken)
		return;
	if (c == '=')
		scan_assignment(s);
	else if (c == ':')
		scan_colon(s);
	else if (c == '-')
		scan_pem(s);
	else if (!word_byte(before) && word_byte(c)) {
		size_t end = pattern_end(s->own, s->text, s->len, s->at);
		if (end)
			scan_take(s, s->at, end);
	}
}

/* The secret of a pair that begins with an access key's ID: 40 characters of base64, close behind it. */
static void look_behind_id(struct scan *s)
{
	const struct finding *f = s->found->n ? &s->found->list[s->found->n - 1] : NULL;
	if (!f || f->start != s->at || f->end - f->start != 20 || s->text[f->start] != 'A' ||
	    s->text[f->start + 2] != 'I')
		return;
	size_t at = f->end, end;
	while (at < s->len && at - f->end < 4 && strchr(" \t,:;=\"'/", s->text[at]) && s->text[at])
		at++;
	for (end = at; end < s->len && end - at <= 40; end++)
		if (!word_byte(s->text[end]) && s->text[end] != '/' && s->text[end] != '+')
			break;
	if (end - at == 40 && looks_random(s->text + at, 40))
		scan_take(s, at, end);
}

void find_secrets(struct findings *found, const struct own_patterns *own, const char *text, size_t len)
{
	struct scan s = {.text = text, .len = len, .own = own, .found = found};
	s.sure = quotes_are_sure(text, len);
	bool escaped = false;
	for (; s.at < len; s.at++) {
		look(&s);
		look_behind_id(&s);
		escaped = escaped ? false : count_quote(&s, text[s.at]);
	}
}
