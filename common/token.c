/* token.c: loading and writing a token file.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/token.h"
#include "common/codec.h"
#include "common/io.h"
#include "common/json.h"
#include "common/secure.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The private key of a JWK; cJSON's copies of `d` are wiped with it. */
static struct signing_key *key_of(const cJSON *jwk)
{
	static const char *const members[] = {"kty", "crv", "x", "d", "kid", "alg", "use", NULL};
	const char *other, *kty = json_string(jwk, "kty"), *crv = json_string(jwk, "crv");
	const char *x = json_string(jwk, "x"), *d = json_string(jwk, "d");
	if (!kty || strcmp(kty, "OKP") || !crv || strcmp(crv, "Ed25519") || !x || !d ||
	    !json_only(jwk, members, &other))
		return NULL;
	struct buf public BUF_AUTO = BUF_INIT, private = BUF_INIT;
	struct signing_key *key = NULL;
	if (base64url_decode(&public, x, strlen(x)) && base64url_decode(&private, d, strlen(d)) &&
	    !public.failed && !private.failed && public.len == KEY_BYTES && private.len == KEY_BYTES)
		key =
		    signing_key_new((const unsigned char *)private.data, (const unsigned char *)public.data);
	buf_wipe(&private);
	return key;
}

static struct token *parse(const char *path, const cJSON *json, char **error)
{
	static const char *const members[] = {"v", "sub", "aud", "nbf", "exp", "agent_version", "jwk", NULL};
	const char *other, *sub = json_string(json, "sub"), *aud = json_string(json, "aud");
	const char *version = json_string(json, "agent_version");
	int64_t v, nbf = 0, exp;
	if (!cJSON_IsObject(json) || !json_only(json, members, &other))
		return error_set(error, "%s: not a token file", path), NULL;
	if (!json_integer(json, "v", &v) || v != 1)
		return error_set(error, "%s: not a token file of version 1", path), NULL;
	if (!sub || !name_valid(sub) || !aud || !*aud)
		return error_set(error, "%s: names no agent or no approver", path), NULL;
	if (!json_integer(json, "exp", &exp) ||
	    (cJSON_HasObjectItem(json, "nbf") && !json_integer(json, "nbf", &nbf)))
		return error_set(error, "%s: has no valid times", path), NULL;
	if (cJSON_HasObjectItem(json, "agent_version") && (!version || strlen(version) > 64))
		return error_set(error, "%s: agent_version is not a short text", path), NULL;
	struct signing_key *key = key_of(json_object(json, "jwk"));
	if (!key)
		return error_set(error, "%s: holds no valid Ed25519 key", path), NULL;
	struct token *token = calloc(1, sizeof *token);
	if (!token) {
		signing_key_free(key);
		return error_set(error, "out of memory"), NULL;
	}
	token->key = key;
	token->sub = strdup(sub);
	token->aud = strdup(aud);
	token->agent_version = version ? strdup(version) : NULL;
	token->nbf = nbf;
	token->exp = exp;
	unsigned char x[KEY_BYTES];
	signing_key_export(key, NULL, x);
	key_thumbprint(x, token->credential);
	if (token->sub && token->aud && (token->agent_version || !version))
		return token;
	token_free(token);
	return error_set(error, "out of memory"), NULL;
}

static void wipe_tree(cJSON *json)
{
	for (; json; json = json->next) {
		if (json->valuestring)
			secure_wipe(json->valuestring, strlen(json->valuestring));
		if (json->child)
			wipe_tree(json->child);
	}
}

struct token *token_load_from(const char *path, enum token_place place, char **error)
{
	*error = NULL;
	const char *why = NULL;
	int fd FD_AUTO = token_file_open(path, &place, error);
	if (fd < 0)
		return NULL;
	struct buf text = BUF_INIT;
	if (read_all(fd, TOKEN_MAX, &text)) {
		buf_wipe(&text);
		return error_set(error, "%s: %s", path,
				 errno == EFBIG ? "larger than 4 KiB" : strerror(errno)),
		       NULL;
	}
	cJSON *json = text.len ? json_parse(text.data, text.len, &why) : NULL;
	buf_wipe(&text);
	if (!json)
		return error_set(error, "%s: not a token file: %s", path, why ? why : "it is empty"), NULL;
	struct token *token = parse(path, json, error);
	wipe_tree(json);
	cJSON_Delete(json);
	if (token)
		token->place = place;
	return token;
}

struct token *token_load(const char *path, char **error)
{
	return token_load_from(path, TOKEN_FILE, error);
}

void token_free(struct token *token)
{
	if (!token)
		return;
	free(token->sub);
	free(token->aud);
	free(token->agent_version);
	signing_key_free(token->key);
	free(token);
}

const char *token_unusable(const struct token *token, int64_t now)
{
	if (now >= token->exp)
		return "expired";
	if (now < token->nbf)
		return "not valid yet";
	return NULL;
}

void token_format(struct buf *out, const struct token *token)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	signing_key_export(token->key, d, x);
	buf_adds(out, "{\"v\":1,\"sub\":");
	json_add_string(out, token->sub, strlen(token->sub));
	buf_adds(out, ",\"aud\":");
	json_add_string(out, token->aud, strlen(token->aud));
	buf_addf(out, ",\"nbf\":%lld,\"exp\":%lld", (long long)token->nbf, (long long)token->exp);
	if (token->agent_version) {
		buf_adds(out, ",\"agent_version\":");
		json_add_string(out, token->agent_version, strlen(token->agent_version));
	}
	buf_adds(out, ",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(out, x, sizeof x);
	buf_adds(out, "\",\"d\":\"");
	base64url_encode(out, d, sizeof d);
	buf_adds(out, "\"}}\n");
	secure_wipe(d, sizeof d);
}
