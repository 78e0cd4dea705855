/* claims.c: what may stand in a command and in an outcome, as tables, and one walk that holds a payload to
 * them.
 *
 * Every member must be known, of its type and within its length; what is absent stays NULL or 0.  So nothing
 * that was signed is silently overlooked, and a later version's member is refused rather than half
 * understood.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/claims.h"
#include "common/codec.h"
#include "common/task.h"
#include "common/text.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, UUID, NAME, INTEGER, OBJECT, ARRAY, ARRAY_OF_TEXT, OBJECT_OF_TEXT };

struct member {
	const char *name;
	enum kind kind;
	bool required;
	size_t max;     /* bytes of a TEXT */
	ptrdiff_t into; /* offset of the field; -1: only checked */
};

#define CLAIM(name, kind, required, max)                                                                     \
	{                                                                                                    \
#name, kind, required, max, offsetof(struct command_claims, name)                            \
	}

static const struct member command_payload[] = {
    CLAIM(jti, UUID, true, 0),
    CLAIM(iat, INTEGER, true, 0),
    CLAIM(exp, INTEGER, true, 0),
    CLAIM(aud, TEXT, true, 256),
    CLAIM(sub, NAME, true, 0),
    CLAIM(sid, UUID, true, 0),
    CLAIM(command, OBJECT, true, 0),
    CLAIM(parent, UUID, false, 0),
    CLAIM(agent_version, TEXT, false, 128),
    CLAIM(model, TEXT, false, 256),
    CLAIM(task, TEXT, false, 65536),
    CLAIM(task_sha256, TEXT, false, 64),
    CLAIM(chain, TEXT, false, 16384),
    CLAIM(harness, TEXT, false, 128),
    CLAIM(trace, TEXT, false, 256),
    CLAIM(sources, OBJECT_OF_TEXT, false, 256),
    CLAIM(review_timeout, INTEGER, false, 0),
    {0},
};

static const struct member command_object[] = {
    CLAIM(mode, TEXT, true, 16),
    CLAIM(line, TEXT, false, 1 << 20),
    {"line_b64", TEXT, false, 1 << 20, -1},
    CLAIM(argv, ARRAY_OF_TEXT, false, 131072),
    CLAIM(cwd, TEXT, true, 4096),
    CLAIM(user, TEXT, true, 256),
    {"uid", INTEGER, false, 0, -1},
    CLAIM(host, TEXT, true, 256),
    {"tty", TEXT, false, 256, -1},
    {"ssh", OBJECT_OF_TEXT, false, 131072, -1},
    {"interpreter", TEXT, false, 4096, -1},
    {"options", ARRAY_OF_TEXT, false, 256, -1},
    {"script", TEXT, false, 4096, -1},
    CLAIM(env_kept, OBJECT_OF_TEXT, false, 131072),
    {"meaning", ARRAY, false, 0, -1}, /* policy_session_read holds them to their form */
    {"sourced", ARRAY, false, 0, -1},
    {0},
};

#undef CLAIM
#define CLAIM(name, kind, required, max)                                                                     \
	{                                                                                                    \
#name, kind, required, max, offsetof(struct outcome_claims, name)                            \
	}

static const struct member outcome_payload[] = {
    CLAIM(jti, UUID, true, 0),        CLAIM(iat, INTEGER, true, 0),
    CLAIM(aud, TEXT, true, 256),      CLAIM(sub, NAME, true, 0),
    CLAIM(command, UUID, true, 0),    CLAIM(command_s256, TEXT, true, 43),
    CLAIM(outcome, TEXT, true, 16),   CLAIM(exit, INTEGER, false, 0),
    CLAIM(signal, TEXT, false, 16),   CLAIM(started, INTEGER, false, 0),
    CLAIM(ended, INTEGER, false, 0),  CLAIM(left, INTEGER, false, 0), /* 1 or more */
    CLAIM(reason, TEXT, false, 4096), {0},
};

static bool is_text(const cJSON *value, size_t max)
{
	return cJSON_IsString(value) && strlen(value->valuestring) <= max;
}

static bool integer(const cJSON *value, int64_t *out)
{
	if (!cJSON_IsNumber(value) || value->valuedouble > 9007199254740991.0 ||
	    value->valuedouble < -9007199254740991.0)
		return false;
	*out = (int64_t)value->valuedouble;
	return (double)*out == value->valuedouble;
}

static bool fits(const struct member *member, const cJSON *value)
{
	const cJSON *child;
	int64_t number;
	switch (member->kind) {
	case TEXT:
		return is_text(value, member->max);
	case UUID:
		return cJSON_IsString(value) && uuid_valid(value->valuestring);
	case NAME:
		return cJSON_IsString(value) && name_valid(value->valuestring);
	case INTEGER:
		return integer(value, &number);
	case OBJECT:
		return cJSON_IsObject(value);
	case ARRAY:
		return cJSON_IsArray(value);
	case ARRAY_OF_TEXT:
	case OBJECT_OF_TEXT:
		if (member->kind == ARRAY_OF_TEXT ? !cJSON_IsArray(value) : !cJSON_IsObject(value))
			return false;
		cJSON_ArrayForEach(child, value) if (!is_text(child, member->max)) return false;
		return true;
	}
	return false;
}

static void keep(const struct member *member, const cJSON *value, char *into)
{
	switch (member->kind) {
	case TEXT:
	case UUID:
	case NAME: {
		const char *text = value->valuestring;
		memcpy(into + member->into, &text, sizeof text);
		return;
	}
	case INTEGER: {
		int64_t number = (int64_t)value->valuedouble; /* fits() has looked */
		memcpy(into + member->into, &number, sizeof number);
		return;
	}
	default:
		memcpy(into + member->into, &value, sizeof value);
	}
}

static bool walk(const cJSON *object, const struct member *members, void *into, char why[160])
{
	unsigned seen = 0;
	const cJSON *value;
	cJSON_ArrayForEach(value, object)
	{
		const struct member *member = members;
		while (member->name && strcmp(member->name, value->string) != 0)
			member++;
		if (!member->name || !fits(member, value)) {
			snprintf(why, 160, "%s member \"%.100s\"", member->name ? "malformed" : "unknown",
				 value->string);
			return false;
		}
		seen |= 1u << (member - members);
		if (member->into >= 0)
			keep(member, value, into);
	}
	for (const struct member *member = members; member->name; member++)
		if (member->required && !(seen & 1u << (member - members))) {
			snprintf(why, 160, "no \"%s\"", member->name);
			return false;
		}
	return true;
}

static cJSON *parse_object(const char *payload, size_t len, char why[160])
{
	const char *reason = "not a JSON object";
	cJSON *tree = json_parse(payload, len, &reason);
	if (cJSON_IsObject(tree))
		return tree;
	snprintf(why, 160, "%s", tree ? "not a JSON object" : reason);
	cJSON_Delete(tree);
	return NULL;
}

/* Exactly one of line and line_b64; the latter for bytes that are not UTF-8. */
static bool find_line(struct command_claims *claims, char why[160])
{
	const char *encoded = json_string(claims->command, "line_b64");
	if (!encoded == !claims->line) {
		snprintf(why, 160, "one of line and line_b64 is needed");
		return false;
	}
	if (!encoded) {
		claims->line_len = strlen(claims->line);
		return true;
	}
	if (!base64_decode(&claims->line_bytes, encoded, strlen(encoded)) || claims->line_bytes.failed ||
	    (claims->line_bytes.len && memchr(claims->line_bytes.data, 0, claims->line_bytes.len))) {
		snprintf(why, 160, "malformed member \"line_b64\"");
		return false;
	}
	claims->line = claims->line_bytes.data ? claims->line_bytes.data : "";
	claims->line_len = claims->line_bytes.len;
	return true;
}

static bool mode_known(const char *mode)
{
	static const char *const modes[] = {"command", "login", "ssh",    "script",
					    "prompt",  "stdin", "source", NULL};
	for (int i = 0; modes[i]; i++)
		if (!strcmp(mode, modes[i]))
			return true;
	return false;
}

bool command_claims_parse(struct command_claims *claims, const char *payload, size_t len, char why[160])
{
	memset(claims, 0, sizeof *claims);
	claims->tree = parse_object(payload, len, why);
	if (!claims->tree)
		return false;
	if (!walk(claims->tree, command_payload, claims, why) ||
	    !walk(claims->command, command_object, claims, why) || !find_line(claims, why) ||
	    !policy_session_read(&claims->session, claims->command, why))
		return false;
	if (claims->task_sha256 && !task_hash_valid(claims->task_sha256)) {
		snprintf(why, 160, "malformed member \"task_sha256\"");
		return false;
	}
	if (mode_known(claims->mode))
		return true;
	snprintf(why, 160, "unknown mode");
	return false;
}

void command_claims_finish(struct command_claims *claims)
{
	cJSON_Delete(claims->tree);
	buf_finish(&claims->line_bytes);
	policy_session_finish(&claims->session);
}

bool outcome_claims_parse(struct outcome_claims *claims, const char *payload, size_t len, char why[160])
{
	memset(claims, 0, sizeof *claims);
	claims->tree = parse_object(payload, len, why);
	if (!claims->tree || !walk(claims->tree, outcome_payload, claims, why))
		return false;
	claims->has_exit = cJSON_GetObjectItemCaseSensitive(claims->tree, "exit") != NULL;
	bool known = !strcmp(claims->outcome, "exited")
			 ? claims->has_exit && claims->exit >= 0 && claims->exit <= 255
		     : !strcmp(claims->outcome, "signaled")
			 ? claims->signal != NULL
			 : !strcmp(claims->outcome, "not_run") || !strcmp(claims->outcome, "lost");
	if (!known)
		snprintf(why, 160, "not an outcome");
	if (cJSON_GetObjectItemCaseSensitive(claims->tree, "left") && claims->left < 1) {
		snprintf(why, 160, "malformed member \"left\"");
		return false;
	}
	return known;
}

void outcome_claims_finish(struct outcome_claims *claims)
{
	cJSON_Delete(claims->tree);
}

void json_emit(struct buf *out, const cJSON *value)
{
	const cJSON *child;
	bool first = true;
	if (cJSON_IsString(value)) {
		json_add_string(out, value->valuestring, strlen(value->valuestring));
	} else if (cJSON_IsNumber(value)) {
		buf_addf(out, "%.17g", value->valuedouble);
	} else if (cJSON_IsArray(value) || cJSON_IsObject(value)) {
		bool object = cJSON_IsObject(value);
		buf_addc(out, object ? '{' : '[');
		cJSON_ArrayForEach(child, value)
		{
			if (!first)
				buf_addc(out, ',');
			first = false;
			if (object) {
				json_add_string(out, child->string, strlen(child->string));
				buf_addc(out, ':');
			}
			json_emit(out, child);
		}
		buf_addc(out, object ? '}' : ']');
	} else {
		buf_adds(out, cJSON_IsTrue(value) ? "true" : cJSON_IsFalse(value) ? "false" : "null");
	}
}

static void detail_member(struct buf *out, const cJSON *value, const char *name)
{
	if (!value)
		return;
	if (out->len > 1)
		buf_addc(out, ',');
	json_add_string(out, name, strlen(name));
	buf_addc(out, ':');
	json_emit(out, value);
}

void command_claims_detail(const struct command_claims *claims, struct buf *out)
{
	static const char *const columns[] = {"mode", "line", "line_b64", "cwd", "user", "host", NULL};
	const cJSON *value;
	buf_reserve(out, 256);
	buf_addc(out, '{');
	cJSON_ArrayForEach(value, claims->command)
	{
		int i = 0;
		while (columns[i] && strcmp(columns[i], value->string) != 0)
			i++;
		if (!columns[i])
			detail_member(out, value, value->string);
	}
	static const char *const others[] = {"harness", "trace", "task_sha256", "sources", NULL};
	for (int i = 0; others[i]; i++)
		detail_member(out, cJSON_GetObjectItemCaseSensitive(claims->tree, others[i]), others[i]);
	buf_addc(out, '}');
}
