/* hop.c: the claims of one hop, strictly, and the cuts of a chain.
 *
 * Every member must be known, of its type and within its length.  What a hop says of itself is checked here;
 * what it says of others is not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/hop.h"
#include "common/codec.h"
#include "common/jwk.h"
#include "common/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 128, MAX_PATTERN = 1024 };

__attribute__((format(printf, 2, 3))) static bool fail(char why[160], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, 160, format, args);
	va_end(args);
	return false;
}

/* ── scopes ── */

static bool is_pattern_text(const cJSON *item)
{
	return cJSON_IsString(item) && *item->valuestring && strlen(item->valuestring) <= MAX_PATTERN;
}

static bool are_texts(const cJSON *list)
{
	const cJSON *item;
	int n = cJSON_GetArraySize(list);
	if (!cJSON_IsArray(list) || n < 1 || n > HOP_MAX_PATTERNS)
		return false;
	cJSON_ArrayForEach(item, list) if (!is_pattern_text(item)) return false;
	return true;
}

/* [["git",["status","log"],"**"],…] as in whosh-policy(5). */
static bool are_commands(const cJSON *list)
{
	const cJSON *pattern, *word;
	int n = cJSON_GetArraySize(list);
	if (!cJSON_IsArray(list) || n < 1 || n > HOP_MAX_PATTERNS)
		return false;
	cJSON_ArrayForEach(pattern, list)
	{
		n = cJSON_GetArraySize(pattern);
		if (!cJSON_IsArray(pattern) || n < 1 || n > HOP_MAX_PATTERNS)
			return false;
		cJSON_ArrayForEach(word,
				   pattern) if (!is_pattern_text(word) && !are_texts(word)) return false;
	}
	return true;
}

/* All of its texts together: comparing two scopes takes the product of their lengths. */
static size_t text_bytes(const cJSON *value)
{
	size_t n = cJSON_IsString(value) ? strlen(value->valuestring) : 0;
	for (const cJSON *child = value->child; child; child = child->next)
		n += text_bytes(child);
	return n;
}

bool scope_valid(const cJSON *scope, char why[160])
{
	static const char *const names[] = {"commands", "cwd", "hosts", NULL};
	const char *other;
	if (!cJSON_IsObject(scope) || !scope->child)
		return fail(why, "%s is an object with commands, cwd or hosts", "scope");
	if (!json_only(scope, names, &other))
		return fail(why, "unknown member \"scope.%.64s\"", other);
	const cJSON *commands = cJSON_GetObjectItemCaseSensitive(scope, "commands");
	if (commands && !are_commands(commands))
		return fail(why, "%s is a list of patterns, each a list of words", "scope.commands");
	for (int i = 1; names[i]; i++) {
		const cJSON *list = cJSON_GetObjectItemCaseSensitive(scope, names[i]);
		if (list && !are_texts(list))
			return fail(why, "scope.%s is a list of patterns that is not empty", names[i]);
	}
	if (text_bytes(scope) > HOP_MAX_SCOPE)
		return fail(why, "%s", "the scope is longer than 4 KiB");
	return true;
}

/* ── claims ── */

/* An object with exactly one member of that name. */
static const cJSON *only_member(const cJSON *object, const char *name)
{
	const cJSON *child = object ? object->child : NULL;
	return child && !child->next && !strcmp(child->string, name) ? child : NULL;
}

static bool read_delegate(struct hop *hop, char why[160])
{
	const char *agent = cJSON_GetStringValue(only_member(json_object(hop->tree, "act"), "sub"));
	if (!agent || !name_valid(agent))
		return fail(why, "%s names no agent", "act");
	hop->act = agent;
	if (!jwk_ed25519(only_member(json_object(hop->tree, "cnf"), "jwk"), hop->key))
		return fail(why, "%s holds no usable Ed25519 key", "cnf");
	return true;
}

/* A string of 1 to `max` bytes; absent is NULL, and an error when it is required. */
static bool read_text(const cJSON *tree, const char *name, size_t max, bool required, const char **text,
		      char why[160])
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(tree, name);
	*text = cJSON_GetStringValue(member);
	if (!member && !required)
		return true;
	if (!*text || !**text || strlen(*text) > max)
		return fail(why, member ? "malformed member \"%s\"" : "no \"%s\"", name);
	return true;
}

static bool read_texts(struct hop *hop, char why[160])
{
	const cJSON *tree = hop->tree;
	if (!read_text(tree, "jti", UUID_LEN, true, &hop->jti, why) ||
	    !read_text(tree, "iss", MAX_NAME, true, &hop->iss, why) ||
	    !read_text(tree, "sub", MAX_NAME, true, &hop->sub, why) ||
	    !read_text(tree, "aud", MAX_NAME, true, &hop->aud, why) ||
	    !read_text(tree, "task", HOP_MAX_TASK, true, &hop->task, why) ||
	    !read_text(tree, "txn", MAX_NAME, false, &hop->txn, why) ||
	    !read_text(tree, "par_hash", S256_LEN, false, &hop->par_hash, why))
		return false;
	if (!uuid_valid(hop->jti))
		return fail(why, "malformed member \"%s\"", "jti");
	if (!name_valid(hop->sub))
		return fail(why, "malformed member \"%s\"", "sub");
	return true;
}

static bool read_number(const cJSON *tree, const char *name, int64_t most, int64_t *number, char why[160])
{
	if (json_integer(tree, name, number) && *number >= 0 && *number <= most)
		return true;
	return fail(why, cJSON_HasObjectItem(tree, name) ? "malformed member \"%s\"" : "no \"%s\"", name);
}

static bool read_numbers(struct hop *hop, char why[160])
{
	const int64_t latest = 253402300799; /* the year 9999 */
	hop->max_depth = CHAIN_MAX_HOPS - 1;
	if (!read_number(hop->tree, "iat", latest, &hop->iat, why) ||
	    !read_number(hop->tree, "exp", latest, &hop->exp, why) ||
	    !read_number(hop->tree, "depth", CHAIN_MAX_HOPS - 1, &hop->depth, why))
		return false;
	if (cJSON_HasObjectItem(hop->tree, "max_depth") &&
	    !read_number(hop->tree, "max_depth", CHAIN_MAX_HOPS - 1, &hop->max_depth, why))
		return false;
	if (hop->exp <= hop->iat)
		return fail(why, "%s is not after iat", "exp");
	return true;
}

bool hop_parse(struct hop *hop, const char *payload, size_t len, char why[160])
{
	static const char *const names[] = {"jti",       "iss",      "sub",   "aud",  "iat",
					    "exp",       "act",      "cnf",   "task", "depth",
					    "max_depth", "par_hash", "scope", "txn",  NULL};
	const char *reason = "not a JSON object", *other;
	memset(hop, 0, sizeof *hop);
	hop->tree = json_parse(payload, len, &reason);
	if (!cJSON_IsObject(hop->tree))
		return fail(why, "%s", hop->tree ? "not a JSON object" : reason);
	if (!json_only(hop->tree, names, &other))
		return fail(why, "unknown member \"%.64s\"", other);
	if (!read_texts(hop, why) || !read_numbers(hop, why) || !read_delegate(hop, why))
		return false;
	if ((hop->depth > 0) != (hop->par_hash != NULL))
		return fail(why, "%s", hop->depth ? "no \"par_hash\"" : "a par_hash in hop 0");
	hop->scope = cJSON_GetObjectItemCaseSensitive(hop->tree, "scope");
	if (hop->scope && !scope_valid(hop->scope, why))
		return false;
	hop->commands = json_array(hop->scope, "commands");
	hop->cwd = json_array(hop->scope, "cwd");
	hop->hosts = json_array(hop->scope, "hosts");
	return true;
}

void hop_finish(struct hop *hop)
{
	cJSON_Delete(hop->tree);
	hop->tree = NULL;
}

static void text_member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value, strlen(value));
}

void hop_format(struct buf *out, const struct hop *hop, const char *scope)
{
	buf_addf(out, "{\"jti\":\"%s\"", hop->jti);
	text_member(out, "iss", hop->iss);
	text_member(out, "sub", hop->sub);
	text_member(out, "aud", hop->aud);
	buf_addf(out, ",\"iat\":%lld,\"exp\":%lld,\"act\":{\"sub\":", (long long)hop->iat,
		 (long long)hop->exp);
	json_add_string(out, hop->act, strlen(hop->act));
	buf_adds(out, "},\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(out, hop->key, KEY_BYTES);
	buf_adds(out, "\"}}");
	text_member(out, "task", hop->task);
	buf_addf(out, ",\"depth\":%lld,\"max_depth\":%lld", (long long)hop->depth, (long long)hop->max_depth);
	text_member(out, "par_hash", hop->par_hash);
	if (scope)
		buf_addf(out, ",\"scope\":%s", scope);
	text_member(out, "txn", hop->txn);
	buf_addc(out, '}');
}

/* ── chains ── */

int chain_split(const char *chain, size_t len, struct hop_text hops[CHAIN_MAX_HOPS])
{
	int n = 0;
	if (!len || len > CHAIN_MAX_BYTES)
		return 0;
	for (const char *at = chain, *end = chain + len;;) {
		const char *tilde = memchr(at, '~', (size_t)(end - at));
		const char *stop = tilde ? tilde : end;
		if (n == CHAIN_MAX_HOPS || stop == at)
			return 0;
		hops[n++] = (struct hop_text){at, (size_t)(stop - at)};
		if (!tilde)
			return n;
		at = tilde + 1;
	}
}

void hop_hash(const char *jws, size_t len, char out[S256_LEN + 1])
{
	const char *dot = memrchr(jws, '.', len);
	s256(jws, dot ? (size_t)(dot - jws) : len, out);
}
