/* scope_narrow.c: does one list of patterns let through no more than another?
 *
 * A glob is read as a row of symbols: a character, `?`, a set, `*`.  A parent's glob covers a child's when it
 * matches the child's row itself, where a `*` of the child's is matched by nothing but a `*`, and a set only
 * by `?`, `*` or the same set.  That never says yes wrongly; where it says no to something that is narrower
 * all the same, whoever delegates must write it more plainly.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/scope.h"
#include "common/json.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* How many bytes the symbol at `at` has.  Where one set is not closed, none behind it is: *unclosed keeps the
 * place, so that it is looked for once. */
static size_t symbol(const char *at, const char **unclosed)
{
	uint32_t c;
	if (*at == '[' && (!*unclosed || at < *unclosed)) {
		size_t i = at[1] == '!' || at[1] == '^' ? 2 : 1;
		for (bool first = true; at[i] && (first || at[i] != ']'); first = false)
			i++;
		if (at[i])
			return i + 1;
		*unclosed = at;
	}
	size_t n = utf8_next(at, strnlen(at, 4), &c);
	return n ? n : 1;
}

/* Does this symbol of the parent's let all through that the child's does? */
static bool symbol_covers(const char *parent, size_t parent_len, const char *child, size_t child_len)
{
	bool set = *child == '[' && child_len > 1;
	char one[8];
	if (*child == '*')
		return false;
	if (*parent == '?')
		return true;
	if (parent_len == child_len && !memcmp(parent, child, child_len))
		return true;
	if (*parent != '[' || parent_len == 1 || set || *child == '?' || child_len >= sizeof one)
		return false;
	/* A character that is in the parent's set. */
	char *alone = strndup(parent, parent_len);
	memcpy(one, child, child_len);
	one[child_len] = '\0';
	bool in = alone && glob_match(alone, one);
	free(alone);
	return in;
}

/* As glob_match: the last '*' is the only one ever returned to. */
static bool glob_covers(const char *parent, const char *child)
{
	const char *star = NULL, *star_child = NULL, *unclosed = NULL, *unclosed_child = NULL;
	while (*child) {
		if (*parent == '*') {
			star = ++parent;
			star_child = child;
			continue;
		}
		size_t used = symbol(parent, &unclosed), n = symbol(child, &unclosed_child);
		if (*parent && symbol_covers(parent, used, child, n)) {
			parent += used;
			child += n;
			continue;
		}
		if (!star)
			return false;
		parent = star;
		star_child += symbol(star_child, &unclosed_child);
		child = star_child;
	}
	while (*parent == '*')
		parent++;
	return !*parent;
}

/* Is the text covered by one of the list, or by the one text that it is? */
static bool any_covers(const cJSON *parent, const char *child)
{
	const cJSON *item;
	if (cJSON_IsString(parent))
		return glob_covers(parent->valuestring, child);
	cJSON_ArrayForEach(item, parent) if (glob_covers(item->valuestring, child)) return true;
	return false;
}

/* Every alternative of the child's word? */
static bool word_covers(const cJSON *parent, const cJSON *child)
{
	const cJSON *item;
	if (cJSON_IsString(child))
		return any_covers(parent, child->valuestring);
	cJSON_ArrayForEach(item, child) if (!any_covers(parent, item->valuestring)) return false;
	return true;
}

static bool is_rest(const cJSON *word)
{
	return cJSON_IsString(word) && !strcmp(word->valuestring, "**");
}

static bool command_covers(const cJSON *parent, const cJSON *child)
{
	const cJSON *p = parent->child, *c = child->child;
	while (p && !is_rest(p)) {
		if (!c || is_rest(c) || !word_covers(p, c))
			return false;
		p = p->next;
		c = c->next;
	}
	return p || !c;
}

char *scope_commands_widen(const cJSON *parent, const cJSON *child)
{
	const cJSON *c, *p;
	cJSON_ArrayForEach(c, child)
	{
		bool covered = false;
		cJSON_ArrayForEach(p, parent) covered = covered || command_covers(p, c);
		if (!covered)
			return cJSON_PrintUnformatted(c);
	}
	return NULL;
}

char *scope_texts_widen(const cJSON *parent, const cJSON *child)
{
	const cJSON *c;
	cJSON_ArrayForEach(c, child) if (!any_covers(parent, c->valuestring)) return strdup(c->valuestring);
	return NULL;
}
