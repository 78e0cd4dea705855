/* jws.c: JWS compact serialisation with Ed25519.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/jws.h"
#include "common/codec.h"
#include "common/keys.h"
#include <string.h>

enum { SIGNATURE_BYTES = 64, SIGNATURE_LEN = 86 };

/* The two headers of each type, encoded (tests/unit/test_common.c makes them anew); the first is the one we
 * write. */
static const struct header {
	const char *typ, *spelling[2];
} headers[] = {
    {JWS_COMMAND,
     {"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoid2hvc2gtY29tbWFuZCtqd3QifQ",
      "eyJ0eXAiOiJ3aG9zaC1jb21tYW5kK2p3dCIsImFsZyI6IkVkMjU1MTkifQ"}},
    {JWS_PERMIT,
     {"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoid2hvc2gtcGVybWl0K2p3dCJ9",
      "eyJ0eXAiOiJ3aG9zaC1wZXJtaXQrand0IiwiYWxnIjoiRWQyNTUxOSJ9"}},
    {JWS_OUTCOME,
     {"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoid2hvc2gtb3V0Y29tZStqd3QifQ",
      "eyJ0eXAiOiJ3aG9zaC1vdXRjb21lK2p3dCIsImFsZyI6IkVkMjU1MTkifQ"}},
    {JWS_HOP,
     {"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoid2hvc2gtaG9wK2p3dCJ9",
      "eyJ0eXAiOiJ3aG9zaC1ob3Arand0IiwiYWxnIjoiRWQyNTUxOSJ9"}},
    {JWS_DELEGATE,
     {"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoid2hvc2gtZGVsZWdhdGUrand0In0",
      "eyJ0eXAiOiJ3aG9zaC1kZWxlZ2F0ZStqd3QiLCJhbGciOiJFZDI1NTE5In0"}},
};

static const struct header *header_of(const char *typ)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (!strcmp(headers[i].typ, typ))
			return &headers[i];
	return NULL;
}

static bool sign(struct buf *out, const char *header, const char *payload, size_t payload_len,
		 const struct signing_key *key)
{
	size_t start = out->len;
	buf_adds(out, header);
	buf_addc(out, '.');
	base64url_encode(out, payload, payload_len);
	unsigned char signature[SIGNATURE_BYTES];
	if (out->failed || crypto_sign_detached(signature, NULL, (const unsigned char *)out->data + start,
						out->len - start, key->secret))
		return false;
	buf_addc(out, '.');
	base64url_encode(out, signature, sizeof signature);
	return !out->failed;
}

bool jws_sign(struct buf *out, const char *typ, const char *payload, size_t payload_len,
	      const struct signing_key *key)
{
	const struct header *header = header_of(typ);
	size_t before = out->len;
	if (header && sign(out, header->spelling[0], payload, payload_len, key))
		return true;
	/* Nothing unsigned is left behind. */
	if (out->data)
		out->data[out->len = before] = '\0';
	return false;
}

static bool header_is(const char *jws, size_t len, const char *typ)
{
	const struct header *header = header_of(typ);
	for (int i = 0; header && i < 2; i++)
		if (strlen(header->spelling[i]) == len && !memcmp(header->spelling[i], jws, len))
			return true;
	return false;
}

/* Where the payload and the signature begin; false when there are not exactly three parts. */
static bool parts(const char *jws, size_t len, size_t *payload, size_t *signature)
{
	const char *first = memchr(jws, '.', len);
	const char *last = memrchr(jws, '.', len);
	if (!first || first == last)
		return false;
	*payload = (size_t)(first - jws) + 1;
	*signature = (size_t)(last - jws) + 1;
	return true;
}

bool jws_open(const char *jws, size_t len, const char *typ, struct buf *payload)
{
	size_t body, signature;
	if (!len || !parts(jws, len, &body, &signature))
		return false;
	if (len - signature != SIGNATURE_LEN || !header_is(jws, body - 1, typ))
		return false;
	/* A third dot would be in the payload, where base64url has none. */
	return base64url_decode(payload, jws + body, signature - body - 1);
}

bool jws_verify(const char *jws, size_t len, const struct public_key *key)
{
	size_t body, start;
	if (!len || !parts(jws, len, &body, &start))
		return false;
	struct buf signature BUF_AUTO = BUF_INIT;
	if (!base64url_decode(&signature, jws + start, len - start) || signature.failed ||
	    signature.len != SIGNATURE_BYTES)
		return false;
	return !crypto_sign_verify_detached((const unsigned char *)signature.data, (const unsigned char *)jws,
					    start - 1, key->point);
}
