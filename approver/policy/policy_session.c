/* policy_session.c: a session's changes from JSON, whole or not at all.
 *
 *     "meaning": [{"kind": "function", "name": "ls", "text": "ls () \n{ …"}], "sourced": [{"path", "text"}]
 *
 * A text that is not UTF-8 comes as text_b64.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_session.h"
#include "common/codec.h"
#include "common/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text may stand beside them. */
static const struct {
	const char *name;
	bool text;
} kinds[CHANGE_KINDS] = {
    [CHANGE_FUNCTION] = {"function", true},  [CHANGE_ALIAS] = {"alias", true},
    [CHANGE_VARIABLE] = {"variable", false}, [CHANGE_HASH] = {"hash", true},
    [CHANGE_BUILTIN] = {"builtin", false},   [CHANGE_OPTION] = {"option", false},
    [CHANGE_TRAP] = {"trap", true},          [CHANGE_ATTRIBUTE] = {"attribute", true},
};

const char *change_kind_name(enum change_kind kind)
{
	return kinds[kind].name;
}

static bool wrong(char why[160], const char *member, const char *what)
{
	snprintf(why, 160, "malformed member \"%s\": %s", member, what);
	return false;
}

/* Only these members, each a string; the first `needed` of them are there and not empty. */
static bool strings_only(const cJSON *object, const char *const *names, int needed)
{
	const char *other;
	if (!cJSON_IsObject(object) || !json_only(object, names, &other))
		return false;
	for (const cJSON *member = object->child; member; member = member->next)
		if (!cJSON_IsString(member))
			return false;
	for (int i = 0; i < needed; i++) {
		const char *text = json_string(object, names[i]);
		if (!text || !*text)
			return false;
	}
	return true;
}

/* The text beside it, NULL when there is none.  false: it is malformed. */
static bool read_text(struct policy_session *session, const cJSON *object, const char **text, size_t *len)
{
	const char *encoded = json_string(object, "text_b64");
	*text = json_string(object, "text");
	*len = *text ? strlen(*text) : 0;
	if (!encoded)
		return true;
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (*text || !base64_decode(&bytes, encoded, strlen(encoded)))
		return false;
	*len = bytes.len;
	buf_addc(&bytes, '\0');
	char **kept = &session->decoded[session->n_decoded];
	*kept = buf_take(&bytes);
	session->n_decoded += *kept != NULL;
	*text = *kept;
	return *kept != NULL;
}

static bool read_change(struct policy_session *session, const cJSON *object)
{
	static const char *const members[] = {"kind", "name", "text", "text_b64", NULL};
	const char *name = json_string(object, "name"), *kind = json_string(object, "kind");
	struct session_change *change = &session->changes[session->n_changes];
	if (!strings_only(object, members, 2) || !read_text(session, object, &change->text, &change->len))
		return false;
	int k = 0;
	while (k < CHANGE_KINDS && strcmp(kind, kinds[k].name) != 0)
		k++;
	if (k == CHANGE_KINDS || (change->text && (!kinds[k].text || strlen(change->text) != change->len)))
		return false;
	change->kind = (enum change_kind)k;
	change->name = name;
	session->n_changes++;
	return true;
}

static bool read_file_sourced(struct policy_session *session, const cJSON *object)
{
	static const char *const members[] = {"path", "text", "text_b64", NULL};
	struct session_file *file = &session->files[session->n_files];
	if (!strings_only(object, members, 1) || !read_text(session, object, &file->text, &file->len) ||
	    !file->text)
		return false;
	file->path = json_string(object, "path");
	session->n_files++;
	return true;
}

static int by_kind_and_name(const void *a, const void *b)
{
	const struct session_change *x = a, *y = b;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->name, y->name);
}

static int by_path(const void *a, const void *b)
{
	const struct session_file *x = a, *y = b;
	return strcmp(x->path, y->path);
}

/* Sort, and tell whether one is there twice. */
static bool sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(items, n, size, compare);
	for (size_t i = 1; i < n; i++)
		if (!compare((char *)items + (i - 1) * size, (char *)items + i * size))
			return false;
	return true;
}

bool policy_session_read(struct policy_session *session, const cJSON *object, char why[160])
{
	const cJSON *meaning = cJSON_GetObjectItemCaseSensitive(object, "meaning"), *item;
	const cJSON *sourced = cJSON_GetObjectItemCaseSensitive(object, "sourced");
	*session = (struct policy_session){0};
	if (meaning && (!cJSON_IsArray(meaning) || cJSON_GetArraySize(meaning) > SESSION_MAX))
		return wrong(why, "meaning", "not a list, or too long");
	if (sourced && (!cJSON_IsArray(sourced) || cJSON_GetArraySize(sourced) > SESSION_MAX))
		return wrong(why, "sourced", "not a list, or too long");
	size_t n_changes = (size_t)cJSON_GetArraySize(meaning), n_files = (size_t)cJSON_GetArraySize(sourced);
	if (!n_changes && !n_files)
		return true;
	session->changes = calloc(n_changes + 1, sizeof *session->changes);
	session->files = calloc(n_files + 1, sizeof *session->files);
	session->decoded = calloc(n_changes + n_files + 1, sizeof *session->decoded);
	if (!session->changes || !session->files || !session->decoded)
		return wrong(why, "meaning", "out of memory");
	cJSON_ArrayForEach(item, meaning) if (!read_change(session, item)) return wrong(
	    why, "meaning", "an entry that is not understood");
	cJSON_ArrayForEach(item, sourced) if (!read_file_sourced(session, item)) return wrong(
	    why, "sourced", "an entry that is not understood");
	if (!sort(session->changes, session->n_changes, sizeof *session->changes, by_kind_and_name))
		return wrong(why, "meaning", "the same twice");
	if (!sort(session->files, session->n_files, sizeof *session->files, by_path))
		return wrong(why, "sourced", "the same twice");
	return true;
}

void policy_session_finish(struct policy_session *session)
{
	for (size_t i = 0; i < session->n_decoded; i++)
		free(session->decoded[i]);
	free(session->decoded);
	free(session->changes);
	free(session->files);
	*session = (struct policy_session){0};
}

const struct session_change *session_change(const struct policy_session *session, enum change_kind kind,
					    const char *name)
{
	const struct session_change wanted = {.kind = kind, .name = name};
	if (!session || !session->n_changes)
		return NULL;
	return bsearch(&wanted, session->changes, session->n_changes, sizeof wanted, by_kind_and_name);
}

const struct session_file *session_file(const struct policy_session *session, const char *path)
{
	const struct session_file wanted = {.path = path};
	if (!session || !session->n_files)
		return NULL;
	return bsearch(&wanted, session->files, session->n_files, sizeof wanted, by_path);
}
