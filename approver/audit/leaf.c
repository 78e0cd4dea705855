/* leaf.c: one entry of the log, taken apart strictly; see leaf.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/leaf.h"
#include "common/jws.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct kind {
	const char *name;
	enum leaf_kind kind;
	const char *typ;
} kinds[] = {
    {"command_requested", LEAF_COMMAND_REQUESTED, JWS_COMMAND},
    {"command_decided", LEAF_COMMAND_DECIDED, JWS_PERMIT},
    {"command_outcome", LEAF_COMMAND_OUTCOME, JWS_OUTCOME},
    {"noted", LEAF_NOTED, NULL},
    {"delegation", LEAF_DELEGATION, JWS_HOP},
    {"log_started", LEAF_LOG_STARTED, NULL},
    {"log_stopped", LEAF_OTHER, NULL},
    {"command_unknown", LEAF_COMMAND_UNKNOWN, NULL},
    {"review", LEAF_REVIEW, NULL},
    {"agent_added", LEAF_OTHER, NULL},
    {"agent_disabled", LEAF_AGENT_DISABLED, NULL},
    {"credential_issued", LEAF_OTHER, NULL},
    {"credential_rotated", LEAF_OTHER, NULL},
    {"credential_revoked", LEAF_CREDENTIAL_REVOKED, NULL},
    {"policy_loaded", LEAF_POLICY_LOADED, NULL},
    {"operator_sign_in", LEAF_OTHER, NULL},
    {"model_changed", LEAF_OTHER, NULL},
    {"operator_changed", LEAF_OTHER, NULL},
    {"refused", LEAF_OTHER, NULL},
    {"delegation_revoked", LEAF_DELEGATION_REVOKED, NULL},
    {"key_enrolled", LEAF_OTHER, NULL},
    {"key_revoked", LEAF_KEY_REVOKED, NULL},
    {"alert", LEAF_OTHER, NULL},
    {"kill", LEAF_OTHER, NULL},
    {"unkill", LEAF_OTHER, NULL},
    {"unmasked", LEAF_OTHER, NULL},
    {"entries_archived", LEAF_ENTRIES_ARCHIVED, NULL},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

__attribute__((format(printf, 2, 3))) static bool wrong(char why[160], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, 160, format, args);
	va_end(args);
	return false;
}

int audit_leaf_kind(const char *name)
{
	for (int i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return i;
	return -1;
}

static bool is_hex_hash(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool rows_good(const cJSON *rows)
{
	const cJSON *row;
	if (!cJSON_IsArray(rows))
		return false;
	cJSON_ArrayForEach(row, rows)
	{
		int n = cJSON_GetArraySize(row);
		if (!cJSON_IsArray(row) || n < 1 || n > 2 || !cJSON_IsString(row->child) ||
		    (n == 2 && !cJSON_IsObject(row->child->next)))
			return false;
	}
	return true;
}

/* What happened: exactly one of jws, body, blob and sealed, or rows alone. */
static bool content(struct audit_leaf *leaf, char why[160])
{
	int forms = (leaf->jws != NULL) + (leaf->body != NULL) + (leaf->blob != NULL) + leaf->sealed;
	if (forms > 1 || (leaf->kind == LEAF_NOTED && forms == 0 && !leaf->rows))
		return wrong(why, "it must have one of jws, body, rows, blob and sealed");
	if ((leaf->blob || leaf->sealed) && (leaf->rows || (leaf->blob && leaf->subject)))
		return wrong(why, "what it says stands beside what is kept elsewhere");
	if (leaf->blob && !is_hex_hash(leaf->blob))
		return wrong(why, "the blob is named by no SHA-256");
	if (leaf->blob || leaf->sealed)
		return true;
	if (leaf->kind == LEAF_NOTED ? forms != 0 : leaf->typ ? !leaf->jws : leaf->jws != NULL)
		return wrong(why, "a %s says it %s", leaf->name,
			     leaf->typ                  ? "in a jws"
			     : leaf->kind == LEAF_NOTED ? "in rows"
							: "in a body");
	return true;
}

static bool take(struct audit_leaf *leaf, const cJSON *member, char why[160])
{
	const char *name = member->string, *text = cJSON_GetStringValue(member);
	if (strcmp(name, "v") == 0 || strcmp(name, "n") == 0 || strcmp(name, "ms") == 0 ||
	    strcmp(name, "kind") == 0)
		return true;
	const char **place = strcmp(name, "subject") == 0 ? &leaf->subject
			     : strcmp(name, "jws") == 0   ? &leaf->jws
			     : strcmp(name, "blob") == 0  ? &leaf->blob
							  : NULL;
	if (place && text)
		*place = text;
	else if (strcmp(name, "body") == 0 && cJSON_IsObject(member))
		leaf->body = member;
	else if (strcmp(name, "rows") == 0 && rows_good(member))
		leaf->rows = member;
	else if (strcmp(name, "sealed") == 0 && text)
		leaf->sealed = true;
	else
		return wrong(why, "malformed or unknown member \"%.64s\"", name);
	return true;
}

bool audit_leaf_parse(struct audit_leaf *leaf, const char *bytes, size_t len, char why[160])
{
	const char *reason = "not a JSON object";
	const cJSON *member;
	int64_t version;
	*leaf = (struct audit_leaf){.tree = json_parse(bytes, len, &reason), .n = -1, .ms = -1};
	if (!cJSON_IsObject(leaf->tree))
		return wrong(why, "it is not strict JSON: %s", leaf->tree ? "not an object" : reason);
	if (!json_integer(leaf->tree, "v", &version) || version != 1)
		return wrong(why, "its version is not 1");
	if (!json_integer(leaf->tree, "n", &leaf->n) || !json_integer(leaf->tree, "ms", &leaf->ms) ||
	    leaf->n < 0 || leaf->ms < 0)
		return wrong(why, "it has no number or no time");
	const char *name = json_string(leaf->tree, "kind");
	int kind = name ? audit_leaf_kind(name) : -1;
	if (kind < 0)
		return wrong(why, "it is of no known kind (\"%.64s\")", name ? name : "");
	leaf->kind = kinds[kind].kind;
	leaf->name = kinds[kind].name;
	leaf->typ = kinds[kind].typ;
	cJSON_ArrayForEach(member, leaf->tree) if (!take(leaf, member, why)) return false;
	return content(leaf, why);
}

void audit_leaf_finish(struct audit_leaf *leaf)
{
	cJSON_Delete(leaf->tree);
	leaf->tree = NULL;
}
