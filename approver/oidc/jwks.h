/* jwks.h: the public keys of an issuer of identity tokens, as it publishes them (RFC 7517).
 *
 * A set is taken as a whole or not at all, but a key in it that we have no use for (another purpose, another
 * algorithm, a short RSA key, a point that is not on its curve) is passed over, as if it were not there: an
 * issuer publishes more than one kind.  A set without one usable key is refused.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_JWKS_H
#define WHOSH_OIDC_JWKS_H

#include <stdbool.h>
#include <stddef.h>

/* An algorithm belongs to one kind of key, so no key can be made to serve another. */
enum jwt_alg { JWT_RS256, JWT_ES256, JWT_EDDSA, JWT_ALGS };

enum { JWKS_MAX_BYTES = 256 * 1024, JWKS_MAX_KEYS = 64 };

struct jwks;
struct jwk;

/* NULL with a malloc'd sentence in *error. */
struct jwks *jwks_parse(const char *text, size_t len, char **error);
void jwks_free(struct jwks *set);
size_t jwks_count(const struct jwks *set);

enum jwks_search { JWKS_FOUND, JWKS_NO_SUCH_KEY, JWKS_NOT_ONE };
/* The one usable key that is called `kid`; without a name (NULL) the set's only one. */
enum jwks_search jwks_find(const struct jwks *set, const char *kid, const struct jwk **key);

/* Is `signature` the key's over the bytes, under this algorithm?  false too when the key is of another kind.
 */
bool jwk_verify(const struct jwk *key, enum jwt_alg alg, const char *bytes, size_t len, const char *signature,
		size_t signature_len);

#endif
