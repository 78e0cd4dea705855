/* value.c: the end of a value, and values that are no secrets: variables, paths, words, marks of omission.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/value.h"
#include <string.h>

bool value_byte(char byte)
{
	switch (byte) {
	case ';':
	case '|':
	case '&':
	case '<':
	case '>':
	case '(':
	case ')':
	case '`':
	case '"':
	case '\'':
	case 0x7f:
		return false;
	default:
		return (unsigned char)byte > ' ';
	}
}

static bool name_begins(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool expansion_at(const char *text, size_t len, size_t at)
{
	if (text[at] == '`')
		return true;
	if (text[at] != '$' || at + 1 >= len)
		return false;
	char c = text[at + 1];
	return c == '(' || c == '{' || c == '[' || name_begins(c) || (c >= '0' && c <= '9');
}

enum { QUOTED_MOST = 200 };

/* In quotes that are sure: everything up to the quote, on one line and no longer than a passphrase is; an
 * expansion ends it. */
static bool read_quoted(struct value *value, const char *text, size_t len, char quote)
{
	size_t i = value->start;
	for (; i < len && i - value->start <= QUOTED_MOST && text[i] != quote && text[i] != '\n'; i++) {
		if (text[i] == '`' || (text[i] == '$' && i + 1 < len && text[i + 1] == '(') ||
		    (quote == '"' && expansion_at(text, len, i)))
			break;
		if (quote == '"' && text[i] == '\\' && i + 1 < len && text[i + 1] != '\n')
			i++;
	}
	value->end = i < len ? i : len;
	value->closed = i < len && text[i] == quote;
	return i < len && i - value->start <= QUOTED_MOST; /* what is never closed is no string */
}

bool value_read(struct value *value, const char *text, size_t len, size_t at, bool trusted, struct run *run)
{
	*value = (struct value){at, at, 0, false};
	if (at >= len)
		return false;
	char c = text[at];
	if (c == '\\' && at + 1 < len && (text[at + 1] == '"' || text[at + 1] == '\'')) {
		value->quote = text[at + 1]; /* JSON within a string of the shell */
		value->start = at + 2;
		trusted = false;
	} else if (c == '"' || c == '\'') {
		value->quote = c;
		value->start = at + 1;
		if (trusted && read_quoted(value, text, len, c))
			return value->end > value->start;
	}
	size_t i = value->start;
	bool known = !value->quote && run->start <= i && i < run->end;
	if (known)
		i = run->end;
	for (; !known && i < len && value_byte(text[i]) && !(text[i] == '$' && expansion_at(text, len, i));
	     i++)
		if (text[i] == '\\') {
			if (value->quote || i + 1 >= len || (unsigned char)text[i + 1] <= ' ')
				break;
			i++;
		}
	value->end = i < len ? i : len;
	if (!value->quote) {
		*run = (struct run){value->start, value->end};
		while (value->end > value->start && text[value->end - 1] == ',') /* of a list */
			value->end--;
	}
	if (value->quote) {
		size_t q = value->end < len && text[value->end] == '\\' ? value->end + 1 : value->end;
		value->closed = q < len && text[q] == value->quote;
	}
	return value->end > value->start;
}

enum { LOOKED_AT = 256 };

bool looks_random(const char *text, size_t len)
{
	bool digit = false, letter = false;
	for (size_t i = 0; i < len && i < LOOKED_AT; i++) {
		digit |= text[i] >= '0' && text[i] <= '9';
		letter |= name_begins(text[i]);
	}
	return len >= 12 && digit && letter;
}

static bool begins(const char *text, size_t len, const char *with)
{
	size_t n = strlen(with);
	return len >= n && memcmp(text, with, n) == 0;
}

static bool is_word(const char *v, size_t len)
{
	static const char *const words[] = {"true", "false", "yes",       "no",       "null",
					    "none", "nil",   "undefined", "required", "optional",
					    "None", "True",  "False",     "stdin"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(v, words[i], len) == 0)
			return true;
	return false;
}

/* "****", "xxxx", "…": somebody left it out already. */
static bool is_omission(const char *v, size_t len)
{
	if (begins(v, len, "\xe2\x80\xb9secret:") || begins(v, len, "{{") || begins(v, len, "%s") ||
	    begins(v, len, "%(") || begins(v, len, "\xe2\x80\xa6"))
		return true;
	for (size_t i = 1; i < len; i++)
		if (v[i] != v[0])
			return false;
	return v[0] == '*' || v[0] == '.' || v[0] == '-' || (len > 2 && (v[0] == 'x' || v[0] == 'X'));
}

/* A pattern that a value is looked for with: `s/password=\\S+/password=/`. */
static bool is_regex(const char *v, size_t len)
{
	static const char *const beginnings[] = {"[", ".*", ".+", "\\S", "\\w", "\\d", "\\K"};
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (begins(v, len, beginnings[i]))
			return true;
	return len == 1 && (*v == '/' || *v == ',' || *v == '\\');
}

/* Code, and no string of it: `token=get_token()`, `key=os.environ["K"]`. */
static bool is_code(const struct value *value, const char *text, size_t len)
{
	if (value->quote || value->end >= len || (text[value->end] != '(' && text[value->end] != '['))
		return false;
	for (size_t i = value->start; i < value->end; i++)
		if (!name_begins(text[i]) && text[i] != '.' && !(text[i] >= '0' && text[i] <= '9'))
			return false;
	return true;
}

/* `os.environ["K"]` where '[' is of the value: up to the quote. */
static bool is_index(const struct value *value, const char *text, size_t len)
{
	return !value->quote && value->end < len && text[value->end - 1] == '[' &&
	       (text[value->end] == '"' || text[value->end] == '\'');
}

enum { SCHEME = 24 }; /* bytes that one may be long */

/* `password=self.password`: what is passed on in code is called like a secret and is none itself. */
static bool is_reference(const struct value *value, const char *text)
{
	size_t last = value->start;
	if (value->quote || value->end - value->start > NAME_LONGEST)
		return false;
	for (size_t i = value->start; i < value->end; i++) {
		if (text[i] == '.')
			last = i + 1;
		else if (!name_begins(text[i]))
			return false;
	}
	return last > value->start && name_secrecy(text + last, value->end - last) != SECRECY_NONE;
}

static bool is_weak(const char *v, size_t len)
{
	bool digits = true;
	if (len < 6 || begins(v, len, "/") || begins(v, len, "./") || begins(v, len, "../") ||
	    begins(v, len, "~/") || begins(v, len, "@") || begins(v, len, "arn:"))
		return true;
	for (size_t i = 0; i < len && (digits || i < SCHEME); i++) {
		digits = digits && v[i] >= '0' && v[i] <= '9';
		if (v[i] == ':' && begins(v + i, len - i, "://"))
			return true;
	}
	return digits;
}

bool value_is_secret(const struct value *value, const char *text, size_t len, enum secrecy secrecy)
{
	const char *v = text + value->start;
	size_t n = value->end - value->start;
	if (!n || secrecy == SECRECY_NONE || is_word(v, n) || is_omission(v, n) || is_regex(v, n) ||
	    is_code(value, text, len) || is_index(value, text, len) || is_reference(value, text) ||
	    begins(v, n, "file:") || begins(v, n, "env:") || begins(v, n, "fd:"))
		return false;
	if (secrecy == SECRECY_STRONG)
		return true;
	return !is_weak(v, n) && (secrecy == SECRECY_WEAK || looks_random(v, n));
}
