/* jwk_key.c: RSA, P-256 and Ed25519 public keys, each with the one algorithm that it is good for.
 *
 * RSA: 2048 to 8192 bits and an exponent from 65537 to 32 bits, so that a check costs a bounded time.  Points
 * are checked to be on their curve.  What of a JWK is not canonical base64url is no key.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/jwk_key.h"
#include "common/codec.h"
#include "common/jws.h"
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

enum {
	RSA_MIN_BYTES = 256,
	RSA_MAX_BYTES = 1024,
	EXPONENT_MAX_BYTES = 4,
	COORDINATE_BYTES = 32,
	ES256_BYTES = 64,
	EDDSA_BYTES = 64,
	KID_MAX = 256
};

static bool decode(const cJSON *json, const char *name, struct buf *out)
{
	const char *text = json_string(json, name);
	return text && base64url_decode(out, text, strlen(text)) && !out->failed && out->len;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *parts)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params = parts ? OSSL_PARAM_BLD_to_param(parts) : NULL;
	EVP_PKEY_CTX *context = params ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *read_rsa(const cJSON *json)
{
	struct buf n BUF_AUTO = BUF_INIT, e BUF_AUTO = BUF_INIT;
	if (!decode(json, "n", &n) || !decode(json, "e", &e) || n.len > RSA_MAX_BYTES ||
	    e.len > EXPONENT_MAX_BYTES || !n.data[0] || !e.data[0])
		return NULL;
	bool long_enough = n.len > RSA_MIN_BYTES || (n.len == RSA_MIN_BYTES && (n.data[0] & 0x80));
	if (!long_enough)
		return NULL;
	BIGNUM *modulus = BN_bin2bn((unsigned char *)n.data, (int)n.len, NULL);
	BIGNUM *exponent = BN_bin2bn((unsigned char *)e.data, (int)e.len, NULL);
	OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	if (modulus && exponent && parts && BN_is_odd(modulus) && BN_is_odd(exponent) &&
	    BN_get_word(exponent) >= 65537 && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, modulus) &&
	    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, exponent))
		key = key_from("RSA", parts);
	OSSL_PARAM_BLD_free(parts);
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

static bool on_curve(EVP_PKEY *key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = context && EVP_PKEY_public_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	return good;
}

static EVP_PKEY *read_ec(const cJSON *json)
{
	const char *curve = json_string(json, "crv");
	struct buf x BUF_AUTO = BUF_INIT, y BUF_AUTO = BUF_INIT, point BUF_AUTO = BUF_INIT;
	if (!curve || strcmp(curve, "P-256") != 0 || !decode(json, "x", &x) || !decode(json, "y", &y) ||
	    x.len != COORDINATE_BYTES || y.len != COORDINATE_BYTES)
		return NULL;
	buf_addc(&point, 4); /* uncompressed */
	buf_add(&point, x.data, x.len);
	buf_add(&point, y.data, y.len);
	OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	if (parts && !point.failed &&
	    OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len))
		key = key_from("EC", parts);
	OSSL_PARAM_BLD_free(parts);
	if (!key || on_curve(key))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *read_ed25519(const cJSON *json)
{
	const char *curve = json_string(json, "crv");
	struct buf x BUF_AUTO = BUF_INIT;
	if (!curve || strcmp(curve, "Ed25519") != 0 || !decode(json, "x", &x) || x.len != KEY_BYTES)
		return NULL;
	struct public_key *proper = public_key_new((unsigned char *)x.data);
	if (!proper)
		return NULL;
	public_key_free(proper);
	return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (unsigned char *)x.data, x.len);
}

static const struct kind {
	const char *kty;
	enum jwt_alg alg;
	const char *names[2]; /* of the algorithm */
	EVP_PKEY *(*read)(const cJSON *json);
} kinds[] = {
    {"RSA", JWT_RS256, {"RS256", NULL}, read_rsa},
    {"EC", JWT_ES256, {"ES256", NULL}, read_ec},
    {"OKP", JWT_EDDSA, {"EdDSA", "Ed25519"}, read_ed25519},
};

/* A member that may be absent; when it is there it must be a text. */
static bool optional(const cJSON *json, const char *name, const char **text)
{
	*text = json_string(json, name);
	return *text || !cJSON_GetObjectItemCaseSensitive(json, name);
}

/* May it check signatures, by what it says of itself? */
static bool for_signatures(const cJSON *json, const struct kind *kind)
{
	const char *use, *alg;
	if (!optional(json, "use", &use) || !optional(json, "alg", &alg) || (use && strcmp(use, "sig") != 0))
		return false;
	if (alg && strcmp(alg, kind->names[0]) != 0 && (!kind->names[1] || strcmp(alg, kind->names[1]) != 0))
		return false;
	if (!cJSON_GetObjectItemCaseSensitive(json, "key_ops"))
		return true;
	const cJSON *operation;
	cJSON_ArrayForEach(operation, json_array(json, "key_ops")) if (cJSON_IsString(operation) &&
								       !strcmp(operation->valuestring,
									       "verify")) return true;
	return false;
}

bool jwk_read(struct jwk *key, const cJSON *json)
{
	const char *kid, *kty = json_string(json, "kty");
	*key = (struct jwk){.key = NULL};
	if (!kty || !optional(json, "kid", &kid) || (kid && (!*kid || strlen(kid) > KID_MAX)))
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !key->key; i++)
		if (!strcmp(kinds[i].kty, kty) && for_signatures(json, &kinds[i])) {
			key->alg = kinds[i].alg;
			key->key = kinds[i].read(json);
		}
	if (!key->key)
		return false;
	key->kid = kid ? strdup(kid) : NULL;
	if (!kid || key->kid)
		return true;
	jwk_finish(key);
	return false;
}

void jwk_finish(struct jwk *key)
{
	free(key->kid);
	EVP_PKEY_free(key->key);
}

/* ── signatures ────────────────────────────────────────────────────────────────────────────────────────── */

/* JOSE writes r and s one after the other; OpenSSL wants them in DER. */
static unsigned char *ecdsa_der(const char *signature, int *len)
{
	unsigned char *der = NULL;
	BIGNUM *r = BN_bin2bn((const unsigned char *)signature, ES256_BYTES / 2, NULL);
	BIGNUM *s = BN_bin2bn((const unsigned char *)signature + ES256_BYTES / 2, ES256_BYTES / 2, NULL);
	ECDSA_SIG *both = r && s ? ECDSA_SIG_new() : NULL;
	if (!both || ECDSA_SIG_set0(both, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		*len = i2d_ECDSA_SIG(both, &der);
	}
	ECDSA_SIG_free(both);
	return der;
}

static bool verify(EVP_PKEY *key, const EVP_MD *digest, const void *bytes, size_t len, const void *signature,
		   size_t signature_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, signature_len, bytes, len) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

bool jwk_verify(const struct jwk *key, enum jwt_alg alg, const char *bytes, size_t len, const char *signature,
		size_t signature_len)
{
	if (alg != key->alg)
		return false;
	if (alg == JWT_RS256)
		return signature_len == (size_t)EVP_PKEY_get_size(key->key) &&
		       verify(key->key, EVP_sha256(), bytes, len, signature, signature_len);
	if (alg == JWT_EDDSA)
		return signature_len == EDDSA_BYTES &&
		       verify(key->key, NULL, bytes, len, signature, signature_len);
	if (alg != JWT_ES256 || signature_len != ES256_BYTES)
		return false;
	int der_len = 0;
	unsigned char *der = ecdsa_der(signature, &der_len);
	bool good = der && der_len > 0 && verify(key->key, EVP_sha256(), bytes, len, der, (size_t)der_len);
	OPENSSL_free(der);
	return good;
}
