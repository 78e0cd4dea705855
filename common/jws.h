/* jws.h: JWS compact serialisation with Ed25519 (RFC 7515, RFC 8037, RFC 9864), as whosh uses it.
 *
 * Headers are not parsed: a message of type T carries exactly {"alg":"Ed25519","typ":"T"} (either order of
 * the two members), compared byte for byte in its base64url form.  What is verified are the bytes that came.
 * Public keys are refused when not canonical or not of the group's prime order.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_JWS_H
#define WHOSH_JWS_H

#include "common/buf.h"

#define JWS_COMMAND "whosh-command+jwt"
#define JWS_PERMIT "whosh-permit+jwt"
#define JWS_OUTCOME "whosh-outcome+jwt"
#define JWS_HOP "whosh-hop+jwt"
#define JWS_DELEGATE "whosh-delegate+jwt" /* asks what a hop may say, before it is signed */

#define KEY_BYTES 32
#define S256_LEN 43 /* a SHA-256 in base64url */

struct signing_key; /* a private key; wiped when freed */
struct public_key;

struct signing_key *signing_key_generate(void);
/* From the 32 bytes of an RFC 8032 private key; NULL when `x` (the public key; may be NULL) does not belong
 * to it. */
struct signing_key *signing_key_new(const unsigned char d[KEY_BYTES], const unsigned char *x);
void signing_key_free(struct signing_key *key);
/* Copy out the parts (for a token file; wipe `d` after use). */
void signing_key_export(const struct signing_key *key, unsigned char d[KEY_BYTES],
			unsigned char x[KEY_BYTES]);

/* NULL when the bytes are not a canonical point of the group's prime order. */
struct public_key *public_key_new(const unsigned char x[KEY_BYTES]);
void public_key_free(struct public_key *key);

/* RFC 7638 thumbprint of the public key, base64url: the credential ID. */
void key_thumbprint(const unsigned char x[KEY_BYTES], char out[S256_LEN + 1]);
/* SHA-256 of bytes, base64url. */
void s256(const void *bytes, size_t len, char out[S256_LEN + 1]);

/* Append header.payload.signature to `out`. false when signing failed. */
bool jws_sign(struct buf *out, const char *typ, const char *payload, size_t payload_len,
	      const struct signing_key *key);

/* Check the form (three canonical base64url parts, the one header of `typ`, a 64-byte signature) and append
 * the decoded payload to `payload`.  It is not yet to be believed: call jws_verify. */
bool jws_open(const char *jws, size_t len, const char *typ, struct buf *payload);
/* Does the signature over header.payload belong to `key`? */
bool jws_verify(const char *jws, size_t len, const struct public_key *key);

#endif
