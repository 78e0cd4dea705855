/* jwk_key.h: one public key out of a JWK, and the check of a signature with it; only this folder includes it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_JWK_KEY_H
#define WHOSH_OIDC_JWK_KEY_H

#include "approver/oidc/jwks.h"
#include "common/json.h"
#include <openssl/evp.h>

struct jwk {
	char *kid; /* NULL: it has none */
	enum jwt_alg alg;
	EVP_PKEY *key;
};

/* Fill `key` from a member of "keys"; false, with nothing to finish, when it is not of use here. */
bool jwk_read(struct jwk *key, const cJSON *json);
void jwk_finish(struct jwk *key);

#endif
