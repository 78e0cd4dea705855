/* jwks.c: a set of keys, and the one that is meant.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/jwks.h"
#include "approver/oidc/jwk_key.h"
#include "common/error.h"
#include <stdlib.h>
#include <string.h>

struct jwks {
	size_t n;
	struct jwk keys[JWKS_MAX_KEYS];
};

static bool fill(struct jwks *set, const cJSON *json, char **error)
{
	const cJSON *keys = json_array(json, "keys"), *key;
	if (!keys)
		return error_set(error, "it has no array \"keys\"");
	if (cJSON_GetArraySize(keys) > JWKS_MAX_KEYS)
		return error_set(error, "it has more than %d keys", JWKS_MAX_KEYS);
	cJSON_ArrayForEach(key, keys) if (jwk_read(&set->keys[set->n], key)) set->n++;
	return set->n || error_set(error, "it has no key that can be used: RSA from 2048 bits with RS256, "
					  "P-256 with ES256, or Ed25519");
}

struct jwks *jwks_parse(const char *text, size_t len, char **error)
{
	const char *why = "it is empty";
	*error = NULL;
	if (len > JWKS_MAX_BYTES)
		return error_set(error, "it is larger than 256 KiB"), NULL;
	cJSON *json JSON_AUTO = len ? json_parse(text, len, &why) : NULL;
	if (!json)
		return error_set(error, "it is not strict JSON: %s", why), NULL;
	struct jwks *set = calloc(1, sizeof *set);
	if (!set)
		return error_set(error, "out of memory"), NULL;
	if (fill(set, json, error))
		return set;
	jwks_free(set);
	return NULL;
}

void jwks_free(struct jwks *set)
{
	for (size_t i = 0; set && i < set->n; i++)
		jwk_finish(&set->keys[i]);
	free(set);
}

size_t jwks_count(const struct jwks *set)
{
	return set ? set->n : 0;
}

enum jwks_search jwks_find(const struct jwks *set, const char *kid, const struct jwk **key)
{
	size_t matching = 0;
	*key = NULL;
	for (size_t i = 0; i < jwks_count(set); i++) {
		const struct jwk *one = &set->keys[i];
		if (kid && (!one->kid || strcmp(one->kid, kid) != 0))
			continue;
		*key = one;
		matching++;
	}
	if (matching == 1)
		return JWKS_FOUND;
	*key = NULL;
	return matching ? JWKS_NOT_ONE : JWKS_NO_SUCH_KEY;
}
