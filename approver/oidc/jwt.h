/* jwt.h: a signed identity token (RFC 7519 in the compact form of RFC 7515), taken apart strictly.
 *
 * The header may have alg, kid, typ and x5t and nothing else: whatever would let a token say where its key is
 * (jku, jwk, x5u, x5c) or how it is to be read (crit, zip, b64) is refused, not ignored.  alg is RS256, ES256
 * or EdDSA, and is only good for the key of that kind which the configured issuer publishes: there is no
 * algorithm under which a public key could serve as a shared secret.
 *
 * The order.  jwt_open checks the form and reads `iss`, which is believed for one thing only: to choose among
 * the issuers that the configuration names.  jwt_verify then checks the signature with that issuer's keys.
 * No other claim is looked at before it has.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_JWT_H
#define WHOSH_OIDC_JWT_H

#include "approver/oidc/jwks.h"
#include "common/json.h"

struct jwt {
	cJSON *header, *payload;
	enum jwt_alg alg;
	const char *kid; /* NULL: it names none */
	const char *iss; /* not to be believed before jwt_verify */
	const char *text;
	size_t signed_len; /* how much of the text is signed: header.payload */
	struct buf signature;
};

/* Take `len` bytes apart; `text` is borrowed.  false with a phrase in *why.  Finish it either way. */
bool jwt_open(struct jwt *jwt, const char *text, size_t len, const char **why);
void jwt_finish(struct jwt *jwt);

enum jwt_verdict {
	JWT_SIGNED,
	JWT_KEY_UNKNOWN, /* the set has no key of that name: perhaps it is an old set */
	JWT_REFUSED
};
/* Is it signed by a key of this set (NULL: there is none yet)?  When not, a phrase in *why. */
enum jwt_verdict jwt_verify(const struct jwt *jwt, const struct jwks *set, const char **why);

#endif
