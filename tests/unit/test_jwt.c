/* test_jwt.c: identity tokens: only what a published key signed, in one spelling, for us and now, is
 * believed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/judge.h"
#include "common/codec.h"
#include "tests/unit/check.h"
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define ISSUER "https://issuer.example"
#define SUBJECT "repo:acme/app:ref:refs/heads/main"
#define PAYLOAD                                                                                              \
	"{\"iss\":\"" ISSUER "\",\"sub\":\"" SUBJECT                                                         \
	"\",\"aud\":\"whosh\",\"iat\":1000,\"exp\":1300,\"workflow_ref\":\"acme/app/x@main\"}"
#define HEADER(alg) "{\"alg\":\"" alg "\",\"kid\":\"k\",\"typ\":\"JWT\"}"

static void number_add(struct buf *out, EVP_PKEY *key, const char *name, int size)
{
	BIGNUM *n = NULL;
	unsigned char bytes[1024];
	EVP_PKEY_get_bn_param(key, name, &n);
	int len = size ? BN_bn2binpad(n, bytes, size) : BN_bn2bin(n, bytes);
	base64url_encode(out, bytes, (size_t)len);
	BN_free(n);
}

/* A JWK, `more` being further members. */
static void jwk_add(struct buf *out, EVP_PKEY *key, const char *kid, const char *more)
{
	if (EVP_PKEY_is_a(key, "RSA")) {
		buf_adds(out, "{\"kty\":\"RSA\",\"n\":\"");
		number_add(out, key, OSSL_PKEY_PARAM_RSA_N, 0);
		buf_adds(out, "\",\"e\":\"");
		number_add(out, key, OSSL_PKEY_PARAM_RSA_E, 0);
	} else {
		buf_adds(out, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
		number_add(out, key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
		buf_adds(out, "\",\"y\":\"");
		number_add(out, key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	}
	buf_adds(out, "\"");
	if (kid)
		buf_addf(out, ",\"kid\":\"%s\"", kid);
	buf_addf(out, "%s}", more);
}

static struct jwks *set_of(const char *keys)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char *error = NULL;
	buf_addf(&text, "{\"keys\":[%s]}", keys);
	struct jwks *set = jwks_parse(text.data, text.len, &error);
	free(error);
	return set;
}

static size_t count_of(const char *keys)
{
	struct jwks *set = set_of(keys);
	size_t n = jwks_count(set);
	jwks_free(set);
	return n;
}

static void sign(struct buf *token, EVP_PKEY *key, const char *header, const char *payload)
{
	unsigned char signature[1024];
	size_t len = sizeof signature;
	base64url_encode(token, header, strlen(header));
	buf_addc(token, '.');
	base64url_encode(token, payload, strlen(payload));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key);
	EVP_DigestSign(context, signature, &len, (unsigned char *)token->data, token->len);
	EVP_MD_CTX_free(context);
	if (EVP_PKEY_is_a(key, "EC")) {
		const unsigned char *der = signature;
		ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)len);
		unsigned char raw[64];
		BN_bn2binpad(ECDSA_SIG_get0_r(both), raw, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(both), raw + 32, 32);
		ECDSA_SIG_free(both);
		memcpy(signature, raw, len = sizeof raw);
	}
	buf_addc(token, '.');
	base64url_encode(token, signature, len);
}

static enum jwt_verdict verdict(const char *text, const struct jwks *set)
{
	struct jwt jwt;
	const char *why = "";
	enum jwt_verdict result =
	    jwt_open(&jwt, text, strlen(text), &why) ? jwt_verify(&jwt, set, &why) : JWT_REFUSED;
	jwt_finish(&jwt);
	return result;
}

static enum jwt_verdict signed_verdict(EVP_PKEY *key, const char *header, const char *payload,
				       const struct jwks *set)
{
	struct buf token BUF_AUTO = BUF_INIT;
	sign(&token, key, header, payload);
	return verdict(token.data, set);
}

static void test_keys(EVP_PKEY *rsa, EVP_PKEY *ec)
{
	struct buf r BUF_AUTO = BUF_INIT, e BUF_AUTO = BUF_INIT, other BUF_AUTO = BUF_INIT;
	jwk_add(&r, rsa, "k", ",\"use\":\"sig\",\"alg\":\"RS256\",\"x5c\":[]");
	jwk_add(&e, ec, "e", "");
	holds("an RSA key is not understood", count_of(r.data) == 1);
	holds("a P-256 key is not understood", count_of(e.data) == 1);
	static const char *const useless[] = {",\"use\":\"enc\"",           ",\"use\":1",
					      ",\"alg\":\"RS512\"",         ",\"alg\":\"ES256\"",
					      ",\"key_ops\":[\"encrypt\"]", ",\"key_ops\":7"};
	for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
		struct buf key BUF_AUTO = BUF_INIT;
		jwk_add(&key, rsa, "k", useless[i]);
		holds("a key for another purpose checks signatures", count_of(key.data) == 0);
	}
	EVP_PKEY *small = EVP_RSA_gen(1024);
	struct buf weak BUF_AUTO = BUF_INIT;
	jwk_add(&weak, small, "k", "");
	EVP_PKEY_free(small);
	holds("a 1024-bit key is believed", count_of(weak.data) == 0);
	holds("a point off the curve is a key",
	      count_of("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\","
		       "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
		       "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}") == 0);
	holds("a shared secret is a key", count_of("{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"k\"}") == 0);
	char *error = NULL;
	holds("two readers see two sets", !jwks_parse("{\"keys\":[],\"keys\":[]}", 21, &error));
	free(error);

	const struct jwk *key;
	buf_addf(&other, "%s,%s", r.data, e.data);
	struct jwks *set = set_of(other.data);
	holds("the named key is not found", jwks_find(set, "e", &key) == JWKS_FOUND);
	holds("a key is found under a name that it has not", jwks_find(set, "x", &key) == JWKS_NO_SUCH_KEY);
	holds("without a name one of two is taken at random", jwks_find(set, NULL, &key) == JWKS_NOT_ONE);
	jwks_free(set);
	struct buf twice BUF_AUTO = BUF_INIT;
	buf_addf(&twice, "%s,", r.data);
	jwk_add(&twice, ec, "k", "");
	set = set_of(twice.data);
	holds("of two keys of a name one is taken at random", jwks_find(set, "k", &key) == JWKS_NOT_ONE);
	jwks_free(set);
	holds("a key is found in no set at all", jwks_find(NULL, NULL, &key) == JWKS_NO_SUCH_KEY);
}

static void test_signatures(EVP_PKEY *rsa, EVP_PKEY *ec)
{
	struct buf r BUF_AUTO = BUF_INIT, e BUF_AUTO = BUF_INIT;
	jwk_add(&r, rsa, "k", "");
	jwk_add(&e, ec, "k", "");
	struct jwks *rsa_set = set_of(r.data), *ec_set = set_of(e.data);
	holds("RS256 is refused", signed_verdict(rsa, HEADER("RS256"), PAYLOAD, rsa_set) == JWT_SIGNED);
	holds("ES256 is refused", signed_verdict(ec, HEADER("ES256"), PAYLOAD, ec_set) == JWT_SIGNED);
	holds("a token without a key ID is refused though there is one key",
	      signed_verdict(ec, "{\"alg\":\"ES256\"}", PAYLOAD, ec_set) == JWT_SIGNED);
	holds("another key's signature is believed",
	      signed_verdict(ec, HEADER("ES256"), PAYLOAD, rsa_set) == JWT_REFUSED &&
		  signed_verdict(rsa, HEADER("RS256"), PAYLOAD, ec_set) == JWT_REFUSED);
	holds("an algorithm is taken for a key of another kind",
	      signed_verdict(rsa, HEADER("ES256"), PAYLOAD, rsa_set) == JWT_REFUSED);
	static const char *const headers[] = {HEADER("none"),
					      HEADER("HS256"),
					      HEADER("RS384"),
					      HEADER("PS256"),
					      HEADER("rs256"),
					      "{\"kid\":\"k\"}",
					      "{\"alg\":\"RS256\",\"kid\":\"k\",\"jku\":\"https://x\"}",
					      "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[]}",
					      "{\"alg\":\"RS256\",\"kid\":\"k\",\"alg\":\"RS256\"}",
					      "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"at+jwt\"}",
					      "{\"alg\":\"RS256\",\"kid\":\"\"}",
					      "{\"alg\":\"RS256\",\"kid\":null}",
					      "[\"RS256\"]"};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		holds("a header that says more or other than it may is believed",
		      signed_verdict(rsa, headers[i], PAYLOAD, rsa_set) == JWT_REFUSED);
	holds("a key that is not there is not looked for",
	      signed_verdict(rsa, "{\"alg\":\"RS256\",\"kid\":\"new\"}", PAYLOAD, rsa_set) ==
		  JWT_KEY_UNKNOWN);
	holds("a payload without an issuer is taken",
	      signed_verdict(rsa, HEADER("RS256"), "{}", rsa_set) == JWT_REFUSED);

	/* Each byte matters: no other spelling of the same token, no cut one, is good. */
	struct buf token BUF_AUTO = BUF_INIT;
	sign(&token, rsa, HEADER("RS256"), PAYLOAD);
	int believed = 0;
	for (size_t i = 0; i < token.len; i++) {
		char was = token.data[i];
		token.data[i] = was == 'A' ? 'B' : 'A';
		believed += verdict(token.data, rsa_set) == JWT_SIGNED;
		token.data[i] = '\0';
		believed += verdict(token.data, rsa_set) == JWT_SIGNED;
		token.data[i] = was;
	}
	holds("a changed or cut token is believed", believed == 0);
	buf_addc(&token, '=');
	holds("padding makes a second spelling of a token", verdict(token.data, rsa_set) == JWT_REFUSED);
	jwks_free(rsa_set);
	jwks_free(ec_set);
}

static bool judged(const char *payload, int64_t now)
{
	static struct trust_rule rule = {.agent = (char *)(size_t) "ci",
					 .subject = (char *)(size_t) "repo:acme/app:*",
					 .claims = {{(char *)(size_t) "workflow_ref",
						     (char *)(size_t) "acme/app/*", (char *)(size_t) "main"}},
					 .n_claims = 1,
					 .expires_s = 60};
	struct trust_issuer issuer = {.name = (char *)(size_t)ISSUER,
				      .audience = (char *)(size_t) "whosh",
				      .rules = &rule,
				      .n_rules = 1};
	struct jwt jwt = {.payload = json_parse(payload, strlen(payload), NULL)};
	struct judgement judgement;
	char why[JUDGE_WHY];
	jwt.iss = json_string(jwt.payload, "iss");
	bool good = judge(&jwt, &issuer, NULL, now, &judgement, why);
	judgement_finish(&judgement);
	cJSON_Delete(jwt.payload);
	return good;
}

static void test_judgement(void)
{
	holds("a good token is refused", judged(PAYLOAD, 1000));
	holds("two clocks may not differ by a minute", judged(PAYLOAD, 940) && judged(PAYLOAD, 1359));
	holds("a token is taken before its time", !judged(PAYLOAD, 939));
	holds("a token is taken after its time", !judged(PAYLOAD, 1360));
	holds("a token that is good for days is taken",
	      !judged("{\"iss\":\"" ISSUER "\",\"sub\":\"" SUBJECT "\",\"aud\":\"whosh\",\"iat\":1000,"
		      "\"exp\":87401,\"workflow_ref\":\"acme/app/x@main\"}",
		      1000));
	holds("a time that overflows is taken",
	      !judged("{\"iss\":\"" ISSUER "\",\"sub\":\"" SUBJECT "\",\"aud\":\"whosh\",\"iat\":-1e300,"
		      "\"exp\":1e300,\"workflow_ref\":\"acme/app/x@main\"}",
		      1000));
	holds("a subject with a control character is taken",
	      !judged("{\"iss\":\"" ISSUER "\",\"sub\":\"repo:acme/app:\\n\",\"aud\":\"whosh\",\"iat\":1000,"
		      "\"exp\":1300,\"workflow_ref\":\"acme/app/x@main\"}",
		      1000));
}

static void test_patterns(void)
{
	holds("a whole subject is no pin", trust_pinned("repo:acme/app:ref:refs/heads/main", ":"));
	holds("an owner with any repository is no pin", trust_pinned("repo:acme/*", ":"));
	holds("a subject of its own form is no pin", trust_pinned("user-7", ":"));
	holds("everyone is a pin", !trust_pinned("*", ":") && !trust_pinned("", ":"));
	holds("every repository is a pin", !trust_pinned("repo:*", ":") && !trust_pinned("repo*", ":"));
	holds("the beginning of an owner's name is a pin", !trust_pinned("repo:acme*", ":"));
	holds("an owner after a wildcard is a pin", !trust_pinned("*:acme/app", ":"));
	holds("an empty owner is a pin", !trust_pinned("repo:/*", ":"));
	holds("a workflow of anyone is a pin", !trust_pinned("*/deploy.yml", NULL));
	holds("an owner's workflows are no pin", trust_pinned("acme/app/*", NULL));
}

int main(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
	test_keys(rsa, ec);
	test_signatures(rsa, ec);
	test_judgement();
	test_patterns();
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	return checks_end();
}
