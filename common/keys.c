/* keys.c: Ed25519 keys, their thumbprints, and hashes (the key half of jws.h).
 *
 * OpenSSL takes any 32 bytes as a public key.  Two kinds must be refused before it sees them: encodings whose
 * y is not reduced (two spellings of one key), and points of small order, under which one signature verifies
 * for every message.  There are eight of the latter; by y-coordinate they are 0, 1, -1 and two more, with
 * either sign (RFC 8032 section 5.1; the values are facts of the curve, computed by tests/unit/test_jws.c
 * anew).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/keys.h"
#include "common/codec.h"
#include "common/secure.h"
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static struct signing_key *wrap(EVP_PKEY *pkey)
{
	struct signing_key *key = pkey ? calloc(1, sizeof *key) : NULL;
	if (!key) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	return key;
}

struct signing_key *signing_key_generate(void)
{
	return wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

struct signing_key *signing_key_new(const unsigned char d[KEY_BYTES], const unsigned char *x)
{
	struct signing_key *key = wrap(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, KEY_BYTES));
	if (!key || !x)
		return key;
	unsigned char made[KEY_BYTES];
	size_t len = sizeof made;
	if (EVP_PKEY_get_raw_public_key(key->pkey, made, &len) == 1 && secure_equal(made, x, KEY_BYTES))
		return key;
	signing_key_free(key);
	return NULL;
}

void signing_key_free(struct signing_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey); /* OpenSSL wipes the private half */
	free(key);
}

void signing_key_export(const struct signing_key *key, unsigned char d[KEY_BYTES], unsigned char x[KEY_BYTES])
{
	size_t len = KEY_BYTES;
	if (d && EVP_PKEY_get_raw_private_key(key->pkey, d, &len) != 1)
		abort();
	len = KEY_BYTES;
	if (EVP_PKEY_get_raw_public_key(key->pkey, x, &len) != 1)
		abort();
}

/* Is y (little-endian, sign bit cleared) less than p = 2^255 - 19? */
static bool reduced(const unsigned char y[KEY_BYTES])
{
	if (y[0] < 0xed || y[31] != 0x7f)
		return true;
	for (int i = 1; i < 31; i++)
		if (y[i] != 0xff)
			return true;
	return false;
}

static bool small_order(const unsigned char y[KEY_BYTES])
{
	/* The y of the eight points whose order divides 8. */
	static const unsigned char table[][KEY_BYTES] = {
	    {0},
	    {1},
	    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
	     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
	     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!memcmp(y, table[i], KEY_BYTES))
			return true;
	return false;
}

struct public_key *public_key_new(const unsigned char x[KEY_BYTES])
{
	unsigned char y[KEY_BYTES];
	memcpy(y, x, KEY_BYTES);
	y[31] &= 0x7f;
	if (!reduced(y) || small_order(y))
		return NULL;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, KEY_BYTES);
	struct public_key *key = pkey ? calloc(1, sizeof *key) : NULL;
	if (!key) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	return key;
}

void public_key_free(struct public_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

void s256(const void *bytes, size_t len, char out[S256_LEN + 1])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256(bytes, len, hash);
	struct buf text BUF_AUTO = BUF_INIT;
	base64url_encode(&text, hash, sizeof hash);
	if (text.failed)
		abort();
	memcpy(out, text.data, S256_LEN + 1);
}

void key_thumbprint(const unsigned char x[KEY_BYTES], char out[S256_LEN + 1])
{
	/* RFC 7638 section 3: the required members in lexicographic order, no white space. */
	struct buf jwk BUF_AUTO = BUF_INIT;
	buf_adds(&jwk, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
	base64url_encode(&jwk, x, KEY_BYTES);
	buf_adds(&jwk, "\"}");
	if (jwk.failed)
		abort();
	s256(jwk.data, jwk.len, out);
}
