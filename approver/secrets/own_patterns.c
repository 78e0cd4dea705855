/* own_patterns.c: the operator's patterns: secrets.json, read strictly.
 *
 * A pattern hides what a reviewer would read, so it cannot be made to hide a command: blanks and what the
 * shell acts on are in no class.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/pattern.h"
#include "common/error.h"
#include "common/json.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_PATTERNS = 200, MIN_PREFIX = 2, MAX_PREFIX = 64, MIN_TAIL = 4, MAX_TAIL = 512 };

struct own_pattern {
	char prefix[MAX_PREFIX + 1];
	size_t prefix_len, least, most;
	struct byte_set set;
	unsigned char next; /* the next that begins with the same byte, plus one */
};

struct own_patterns {
	size_t n;
	unsigned char first[256];
	struct own_pattern list[MAX_PATTERNS];
};

static bool plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr(";|&<>()$`\"'\\", *p))
			return false;
	return true;
}

static bool read_class(struct byte_set *set, const char *chars)
{
	if (!byte_set_read(set, chars))
		return false;
	for (const char *p = ";|&<>()$`\"'\\"; *p; p++)
		if (byte_in(set, *p))
			return false;
	return true;
}

/* A whole number from `least` to `most`; `otherwise` when it is absent. */
static bool read_size(const cJSON *json, const char *name, size_t otherwise, size_t least, size_t most,
		      size_t *value)
{
	int64_t number;
	*value = otherwise;
	if (!cJSON_GetObjectItemCaseSensitive(json, name))
		return otherwise != 0;
	if (!json_integer(json, name, &number) || number < (int64_t)least || number > (int64_t)most)
		return false;
	*value = (size_t)number;
	return true;
}

static bool read_pattern(struct own_pattern *p, const cJSON *json, char **error)
{
	static const char *const names[] = {"name", "prefix", "chars", "min", "max", NULL};
	const char *other = NULL;
	if (!cJSON_IsObject(json))
		return error_set(error, "is no object");
	if (!json_only(json, names, &other))
		return error_set(error, "has the unknown member \"%.64s\"", other);
	const char *name = json_string(json, "name"), *prefix = json_string(json, "prefix"),
		   *chars = json_string(json, "chars");
	if (!name || !*name || strlen(name) > 64)
		return error_set(error, "needs a name of at most 64 bytes");
	if (!prefix || strlen(prefix) < MIN_PREFIX || strlen(prefix) > MAX_PREFIX || !plain(prefix))
		return error_set(error,
				 "needs a prefix of %d to %d printable ASCII characters, none of which is "
				 "a blank, a quote, or one that the shell acts on",
				 MIN_PREFIX, MAX_PREFIX);
	if (!chars || !read_class(&p->set, chars))
		return error_set(error, "needs \"chars\", such as \"A-Za-z0-9_-\": printable ASCII, no "
					"blanks, no quotes, nothing that the shell acts on");
	if (!read_size(json, "min", 0, MIN_TAIL, MAX_TAIL, &p->least))
		return error_set(error,
				 "needs \"min\", the least number of characters behind the prefix: "
				 "%d to %d",
				 MIN_TAIL, MAX_TAIL);
	if (!read_size(json, "max", MAX_TAIL, p->least, MAX_TAIL, &p->most))
		return error_set(error, "\"max\" is a number from \"min\" to %d", MAX_TAIL);
	p->prefix_len = strlen(prefix);
	memcpy(p->prefix, prefix, p->prefix_len + 1);
	return true;
}

static bool read_document(struct own_patterns *own, const cJSON *json, char **error)
{
	static const char *const names[] = {"version", "patterns", NULL};
	const char *other = NULL;
	int64_t version;
	const cJSON *list = json_array(json, "patterns"), *item;
	if (!cJSON_IsObject(json))
		return error_set(error, "not a JSON object");
	if (!json_only(json, names, &other))
		return error_set(error, "unknown member \"%.64s\"", other);
	if (!json_integer(json, "version", &version) || version != 1)
		return error_set(error, "\"version\" is 1");
	if (!list || cJSON_GetArraySize(list) > MAX_PATTERNS)
		return error_set(error, "\"patterns\" is a list of at most %d", MAX_PATTERNS);
	cJSON_ArrayForEach(item, list)
	{
		char *why = NULL;
		bool good = read_pattern(&own->list[own->n], item, &why);
		if (!good)
			error_set(error, "pattern %zu %s", own->n + 1, why ? why : "out of memory");
		free(why);
		if (!good)
			return false;
		own->n++;
	}
	for (size_t i = own->n; i-- > 0;) {
		unsigned char byte = (unsigned char)own->list[i].prefix[0];
		own->list[i].next = own->first[byte];
		own->first[byte] = (unsigned char)(i + 1);
	}
	return true;
}

struct own_patterns *own_patterns_parse(const char *text, size_t len, char **error)
{
	const char *why = "it is empty";
	cJSON *json JSON_AUTO = len ? json_parse(text, len, &why) : NULL;
	struct own_patterns *own = json ? calloc(1, sizeof *own) : NULL;
	if (!own) {
		error_set(error, "%s", json ? "out of memory" : why);
		return NULL;
	}
	if (read_document(own, json, error))
		return own;
	free(own);
	return NULL;
}

void own_patterns_free(struct own_patterns *own)
{
	free(own);
}

size_t own_patterns_count(const struct own_patterns *own)
{
	return own ? own->n : 0;
}

size_t own_pattern_end(const struct own_patterns *own, const char *text, size_t len, size_t at)
{
	for (size_t i = own->first[(unsigned char)text[at]]; i; i = own->list[i - 1].next) {
		const struct own_pattern *p = &own->list[i - 1];
		if (len - at < p->prefix_len || memcmp(text + at, p->prefix, p->prefix_len) != 0)
			continue;
		size_t end = tail_end(&p->set, text, len, at + p->prefix_len, p->least, p->most);
		if (end)
			return end;
	}
	return 0;
}
