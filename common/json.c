/* json.c: strict JSON from outside.
 *
 * One pass over the bytes checks what cJSON does not: it walks the grammar of RFC 8259 with an explicit
 * depth, and keeps each object's names, unescaped, so that a second spelling of a name ("\\u0061" for "a") is
 * seen as the duplicate that it is.  When an object ends its names are sorted and neighbours compared: no
 * choice of names makes that slow, as it could a hash table.  An object may have at most 4,096 of them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/error.h"
#include "common/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 4096 };

struct scan {
	const char *at, *end;
	int depth;
	const char *why;
};

static bool fail(struct scan *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return false;
}

static void blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool hex4(struct scan *s, uint32_t *value)
{
	*value = 0;
	if (s->end - s->at < 4)
		return fail(s, "a \\u escape is cut off");
	for (int i = 0; i < 4; i++, s->at++) {
		char c = *s->at;
		uint32_t d;
		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			d = (uint32_t)((c | 32) - 'a' + 10);
		else
			return fail(s, "a \\u escape is not hexadecimal");
		*value = *value << 4 | d;
	}
	return true;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xc0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_addc(out, (char)(0xe0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(out, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(out, (char)(0xf0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 63)));
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(out, (char)(0x80 | (c & 63)));
	}
}

static bool unicode_escape(struct scan *s, struct buf *name)
{
	uint32_t c, low;
	if (!hex4(s, &c))
		return false;
	if (c == 0)
		return fail(s, "a string holds a NUL");
	if (c >= 0xdc00 && c < 0xe000)
		return fail(s, "a lone surrogate");
	if (c >= 0xd800 && c < 0xdc00) {
		if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
			return fail(s, "a lone surrogate");
		s->at += 2;
		if (!hex4(s, &low))
			return false;
		if (low < 0xdc00 || low >= 0xe000)
			return fail(s, "a lone surrogate");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	if (name)
		add_utf8(name, c);
	return true;
}

/* A string after its opening quote; unescaped into `name` when that is wanted. */
static bool string(struct scan *s, struct buf *name)
{
	for (;;) {
		const char *from = s->at;
		while (s->at < s->end && *s->at != '"' && *s->at != '\\' && (unsigned char)*s->at >= 0x20)
			s->at++;
		if (name)
			buf_add(name, from, (size_t)(s->at - from));
		if (s->at == s->end)
			return fail(s, "a string is not closed");
		char c = *s->at++;
		if (c == '"')
			return true;
		if (c != '\\')
			return fail(s, "a control character in a string");
		if (s->at == s->end)
			return fail(s, "a string is not closed");
		c = *s->at++;
		if (c == 'u') {
			if (!unicode_escape(s, name))
				return false;
			continue;
		}
		static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
		const char *found = c ? strchr(escapes, c) : NULL;
		if (!found)
			return fail(s, "an unknown escape");
		if (name)
			buf_addc(name, meant[found - escapes]);
	}
}

static bool digits(struct scan *s)
{
	const char *from = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from || fail(s, "a number without digits");
}

static bool number(struct scan *s)
{
	const char *from = s->at;
	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0')
		s->at++;
	else if (!digits(s))
		return false;
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!digits(s))
			return false;
	}
	if (s->at < s->end && (*s->at | 32) == 'e') {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		const char *exponent = s->at;
		if (!digits(s))
			return false;
		if (s->at - exponent > 2) /* with at most 60 characters in all, never infinity */
			return fail(s, "an exponent of more than two digits");
	}
	return s->at - from <= 60 || fail(s, "a number of more than 60 characters");
}

static bool value(struct scan *s);

static bool array(struct scan *s)
{
	blanks(s);
	if (s->at < s->end && *s->at == ']') {
		s->at++;
		return true;
	}
	for (;;) {
		if (!value(s))
			return false;
		blanks(s);
		if (s->at == s->end)
			return fail(s, "an array is not closed");
		char c = *s->at++;
		if (c == ']')
			return true;
		if (c != ',')
			return fail(s, "an array without a comma");
	}
}

/* The names of one object met so far, unescaped. */
struct names {
	struct buf text; /* each name and a NUL */
	size_t *starts;  /* where each begins in `text` */
	size_t n, room;
};

static bool add_name(struct scan *s, struct names *names, size_t start)
{
	if (names->n == MAX_NAMES)
		return fail(s, "an object of more than 4096 members");
	if (names->n == names->room) {
		size_t room = names->room ? names->room * 2 : 16;
		size_t *starts = reallocarray(names->starts, room, sizeof *starts);
		if (!starts)
			return fail(s, "out of memory");
		names->starts = starts;
		names->room = room;
	}
	names->starts[names->n++] = start;
	buf_addc(&names->text, '\0');
	return !names->text.failed || fail(s, "out of memory");
}

static int compare_names(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + *(const size_t *)a, (const char *)text + *(const size_t *)b);
}

static bool all_differ(struct scan *s, const struct names *names)
{
	qsort_r(names->starts, names->n, sizeof *names->starts, compare_names, names->text.data);
	for (size_t i = 1; i < names->n; i++)
		if (!compare_names(names->starts + i - 1, names->starts + i, names->text.data))
			return fail(s, "a duplicate name");
	return true;
}

static bool members(struct scan *s, struct names *names)
{
	for (;;) {
		blanks(s);
		if (s->at == s->end || *s->at++ != '"')
			return fail(s, "a member without a name");
		size_t start = names->text.len;
		if (!string(s, &names->text) || !add_name(s, names, start))
			return false;
		blanks(s);
		if (s->at == s->end || *s->at++ != ':')
			return fail(s, "a member without a colon");
		if (!value(s))
			return false;
		blanks(s);
		if (s->at == s->end)
			return fail(s, "an object is not closed");
		char c = *s->at++;
		if (c == '}')
			return true;
		if (c != ',')
			return fail(s, "an object without a comma");
	}
}

static bool object(struct scan *s)
{
	blanks(s);
	if (s->at < s->end && *s->at == '}') {
		s->at++;
		return true;
	}
	struct names names = {BUF_INIT, NULL, 0, 0};
	bool good = members(s, &names) && all_differ(s, &names);
	buf_finish(&names.text);
	free(names.starts);
	return good;
}

static bool word(struct scan *s, const char *expected)
{
	size_t len = strlen(expected);
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, expected, len))
		return fail(s, "not a JSON value");
	s->at += len;
	return true;
}

static bool value(struct scan *s)
{
	blanks(s);
	if (s->at == s->end)
		return fail(s, "a value is missing");
	char c = *s->at;
	if (c == '{' || c == '[') {
		if (++s->depth > JSON_MAX_DEPTH)
			return fail(s, "nested more than 16 deep");
		s->at++;
		bool good = c == '{' ? object(s) : array(s);
		s->depth--;
		return good;
	}
	if (c == '"') {
		s->at++;
		return string(s, NULL);
	}
	if (c == '-' || (c >= '0' && c <= '9'))
		return number(s);
	return word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

cJSON *json_parse(const char *text, size_t len, const char **why)
{
	struct scan s = {text, text + len, 0, NULL};
	if (!len)
		fail(&s, "nothing");
	else if (!utf8_valid(text, len))
		fail(&s, "not UTF-8");
	else if (memchr(text, '\0', len))
		fail(&s, "a NUL byte");
	else if (value(&s)) {
		blanks(&s);
		if (s.at != s.end)
			fail(&s, "text after the value");
	}
	cJSON *json = s.why ? NULL : cJSON_ParseWithLength(text, len);
	if (why)
		*why = json ? NULL : s.why ? s.why : "out of memory";
	return json;
}

void json_free(cJSON **object)
{
	cJSON_Delete(*object);
	*object = NULL;
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member(object, name));
}

const cJSON *json_object(const cJSON *object, const char *name)
{
	const cJSON *found = member(object, name);
	return cJSON_IsObject(found) ? found : NULL;
}

const cJSON *json_array(const cJSON *object, const char *name)
{
	const cJSON *found = member(object, name);
	return cJSON_IsArray(found) ? found : NULL;
}

bool json_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(member(object, name));
}

bool json_integer(const cJSON *object, const char *name, int64_t *number_out)
{
	const cJSON *found = member(object, name);
	if (!cJSON_IsNumber(found))
		return false;
	double n = found->valuedouble;
	if (!(fabs(n) <= 9007199254740991.0) || n != (double)(int64_t)n)
		return false;
	*number_out = (int64_t)n;
	return true;
}

bool json_only(const cJSON *object, const char *const *names, const char **name)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, object)
	{
		const char *const *known = names;
		while (*known && strcmp(*known, item->string))
			known++;
		if (!*known) {
			*name = item->string;
			return false;
		}
	}
	return true;
}

bool json_configuration(const cJSON *json, const char *const *members, char **error)
{
	const char *other;
	int64_t version;
	if (!cJSON_IsObject(json))
		return error_set(error, "it is not a JSON object");
	if (!json_only(json, members, &other))
		return error_set(error, "unknown member \"%.64s\"", other);
	return (json_integer(json, "version", &version) && version == 1) ||
	       error_set(error, "\"version\" is not 1");
}

void json_add_string(struct buf *out, const char *text, size_t len)
{
	buf_addc(out, '"');
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(out, text + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, (char)c);
		} else if (c == '\n') {
			buf_adds(out, "\\n");
		} else {
			buf_addf(out, "\\u%04x", c);
		}
	}
	buf_add(out, text + from, len - from);
	buf_addc(out, '"');
}
