/* jwt.c: the form and the signature of an identity token; see jwt.h for the order of things.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/jwt.h"
#include "common/codec.h"
#include <string.h>
#include <strings.h>

enum { KID_MAX = 256 };

static const struct {
	const char *name;
	enum jwt_alg alg;
} algorithms[] = {{"RS256", JWT_RS256}, {"ES256", JWT_ES256}, {"EdDSA", JWT_EDDSA}, {"Ed25519", JWT_EDDSA}};

static bool refused(const char **why, const char *phrase)
{
	*why = phrase;
	return false;
}

static cJSON *decode_json(const char *text, size_t len)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (!base64url_decode(&bytes, text, len) || bytes.failed || !bytes.len)
		return NULL;
	return json_parse(bytes.data, bytes.len, NULL);
}

static bool read_alg(struct jwt *jwt)
{
	const char *alg = json_string(jwt->header, "alg");
	for (size_t i = 0; alg && i < sizeof algorithms / sizeof *algorithms; i++)
		if (!strcmp(alg, algorithms[i].name)) {
			jwt->alg = algorithms[i].alg;
			return true;
		}
	return false;
}

static bool read_header(struct jwt *jwt, const char **why)
{
	static const char *const members[] = {"alg", "kid", "typ", "x5t", NULL};
	const cJSON *header = jwt->header;
	const char *other, *typ = json_string(header, "typ");
	if (!cJSON_IsObject(header))
		return refused(why, "its header is not a JSON object in base64url");
	if (!json_only(header, members, &other))
		return refused(why, "its header has other members than alg, kid, typ and x5t");
	if (cJSON_GetObjectItemCaseSensitive(header, "typ") && (!typ || strcasecmp(typ, "JWT") != 0))
		return refused(why, "it is of another type than JWT");
	if (!read_alg(jwt))
		return refused(why, "its algorithm is not RS256, ES256 or EdDSA");
	jwt->kid = json_string(header, "kid");
	if (cJSON_GetObjectItemCaseSensitive(header, "kid") &&
	    (!jwt->kid || !*jwt->kid || strlen(jwt->kid) > KID_MAX))
		return refused(why, "its key ID is not a short text");
	return true;
}

bool jwt_open(struct jwt *jwt, const char *text, size_t len, const char **why)
{
	*jwt = (struct jwt){.text = text, .signature = BUF_INIT};
	const char *first = len ? memchr(text, '.', len) : NULL;
	const char *last = len ? memrchr(text, '.', len) : NULL;
	if (!first || first == last || memchr(first + 1, '.', (size_t)(last - first - 1)))
		return refused(why, "it does not have three parts");
	const char *signature = last + 1;
	size_t signature_len = len - (size_t)(signature - text);
	if (!signature_len || !base64url_decode(&jwt->signature, signature, signature_len) ||
	    jwt->signature.failed)
		return refused(why, "its signature is not base64url without padding");
	jwt->signed_len = (size_t)(last - text);
	jwt->header = decode_json(text, (size_t)(first - text));
	if (!read_header(jwt, why))
		return false;
	jwt->payload = decode_json(first + 1, (size_t)(last - first - 1));
	if (!cJSON_IsObject(jwt->payload))
		return refused(why, "its payload is not a strict JSON object in base64url");
	jwt->iss = json_string(jwt->payload, "iss");
	return jwt->iss || refused(why, "it names no issuer");
}

void jwt_finish(struct jwt *jwt)
{
	cJSON_Delete(jwt->header);
	cJSON_Delete(jwt->payload);
	buf_finish(&jwt->signature);
	*jwt = (struct jwt){.signature = BUF_INIT};
}

enum jwt_verdict jwt_verify(const struct jwt *jwt, const struct jwks *set, const char **why)
{
	const struct jwk *key;
	switch (jwks_find(set, jwt->kid, &key)) {
	case JWKS_NO_SUCH_KEY:
		*why = "its issuer publishes no usable key of that ID";
		return JWT_KEY_UNKNOWN;
	case JWKS_NOT_ONE:
		*why = jwt->kid ? "its issuer publishes several keys of that ID"
				: "it names no key, and its issuer publishes several";
		return JWT_REFUSED;
	case JWKS_FOUND:
		break;
	}
	if (jwk_verify(key, jwt->alg, jwt->text, jwt->signed_len, jwt->signature.data, jwt->signature.len))
		return JWT_SIGNED;
	*why = "its signature is not by the key that it names";
	return JWT_REFUSED;
}
