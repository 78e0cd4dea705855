/* trust.c: reading exchange.json, strictly: what is not understood is not there by half.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/trust.h"
#include "approver/oidc/trust_rule.h"
#include "common/conf_value.h"
#include "common/error.h"
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CONF = 256 * 1024, MAX_CA = 256 * 1024, MAX_NAME = 200, MAX_URL = 2000 };

static bool read_beside(const char *dir, const char *name, size_t max, struct buf *out, char **error)
{
	char path[4096];
	bool missing;
	int n = snprintf(path, sizeof path, *name == '/' ? "%s%s" : "%s/%s", *name == '/' ? "" : dir, name);
	const char *why =
	    n < (int)sizeof path ? read_trusted(path, geteuid(), max, out, &missing) : "the path is too long";
	return !why || error_set(error, "%s: %s", name, why);
}

/* An https URL of plain characters, without a user, a query or a fragment. */
static bool is_url(const char *url, size_t max)
{
	return strlen(url) <= max && approver_url(url);
}

static bool has_certificate(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	X509_free(certificate);
	BIO_free(bio);
	return certificate != NULL;
}

static bool read_key_file(struct trust_issuer *issuer, const char *dir, const char *file, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char *why = NULL;
	if (!read_beside(dir, file, JWKS_MAX_BYTES, &text, error))
		return false;
	issuer->keys = jwks_parse(text.data ? text.data : "", text.len, &why);
	if (!issuer->keys)
		error_set(error, "%s: %s", file, why ? why : "out of memory");
	free(why);
	return issuer->keys != NULL;
}

static bool read_keys(struct trust_issuer *issuer, const cJSON *json, const char *dir, char **error)
{
	const char *file = json_string(json, "jwks_file"), *url = json_string(json, "jwks_url"),
		   *ca = json_string(json, "ca");
	if (!file == !url)
		return error_set(error, "%s: one of jwks_file and jwks_url says where its keys are",
				 issuer->name);
	if (file)
		return cJSON_GetObjectItemCaseSensitive(json, "ca")
			   ? error_set(error, "%s: ca is for jwks_url", issuer->name)
			   : read_key_file(issuer, dir, file, error);
	if (!is_url(url, MAX_URL))
		return error_set(error, "%s: jwks_url is not https://HOST[:PORT]/PATH", issuer->name);
	if (!ca)
		return error_set(error, "%s: jwks_url needs \"ca\", the file of the one CA that is believed",
				 issuer->name);
	if (!read_beside(dir, ca, MAX_CA, &issuer->ca, error))
		return false;
	if (!issuer->ca.len || !has_certificate(&issuer->ca))
		return error_set(error, "%s: holds no certificate in PEM", ca);
	issuer->jwks_url = strdup(url);
	return issuer->jwks_url || error_set(error, "out of memory");
}

static bool read_rules(struct trust_issuer *issuer, const cJSON *json, char **error)
{
	const cJSON *rules = json_array(json, "rules"), *rule;
	int n = cJSON_GetArraySize(rules);
	if (n < 1 || n > TRUST_MAX_RULES)
		return error_set(error, "%s: needs 1 to %d rules", issuer->name, TRUST_MAX_RULES);
	issuer->rules = calloc((size_t)n, sizeof *issuer->rules);
	if (!issuer->rules)
		return error_set(error, "out of memory");
	cJSON_ArrayForEach(rule, rules)
	{
		char *why = NULL;
		bool good = trust_rule_read(&issuer->rules[issuer->n_rules++], rule, &why);
		if (!good)
			error_set(error, "%s: rule %zu: %s", issuer->name, issuer->n_rules,
				  why ? why : "out of memory");
		free(why);
		if (!good)
			return false;
	}
	return true;
}

static bool read_issuer(struct trust *trust, const cJSON *json, const char *dir, char **error)
{
	static const char *const members[] = {"issuer",   "jwks_file", "jwks_url", "ca",
					      "audience", "rules",     NULL};
	const char *other, *name = json_string(json, "issuer"), *audience = json_string(json, "audience");
	if (!cJSON_IsObject(json))
		return error_set(error, "an issuer is not an object");
	if (!json_only(json, members, &other))
		return error_set(error, "an issuer has an unknown member \"%.64s\"", other);
	if (!name || !is_url(name, MAX_NAME))
		return error_set(error, "\"issuer\" is not https://HOST[:PORT][/PATH] of at most %d bytes",
				 MAX_NAME);
	if (trust_issuer(trust, name))
		return error_set(error, "%s is there twice", name);
	if (!audience || !*audience || strlen(audience) > MAX_NAME)
		return error_set(error, "%s: needs an audience of at most %d bytes", name, MAX_NAME);
	struct trust_issuer *issuer = &trust->issuers[trust->n++];
	issuer->name = strdup(name);
	issuer->audience = strdup(audience);
	if (!issuer->name || !issuer->audience)
		return error_set(error, "out of memory");
	return read_keys(issuer, json, dir, error) && read_rules(issuer, json, error);
}

static bool read_all_of(struct trust *trust, const cJSON *json, const char *dir, char **error)
{
	static const char *const members[] = {"version", "issuers", NULL};
	const cJSON *issuers = json_array(json, "issuers"), *issuer;
	if (!json_configuration(json, members, error))
		return false;
	int n = cJSON_GetArraySize(issuers);
	if (n < 1 || n > TRUST_MAX_ISSUERS)
		return error_set(error, "it needs 1 to %d issuers", TRUST_MAX_ISSUERS);
	cJSON_ArrayForEach(issuer, issuers) if (!read_issuer(trust, issuer, dir, error)) return false;
	return true;
}

struct trust *trust_parse(const char *text, size_t len, const char *dir, char **error)
{
	const char *why = "it is empty";
	*error = NULL;
	cJSON *json JSON_AUTO = len ? json_parse(text, len, &why) : NULL;
	if (!json)
		return error_set(error, "it is not strict JSON: %s", why), NULL;
	struct trust *trust = calloc(1, sizeof *trust);
	if (!trust)
		return error_set(error, "out of memory"), NULL;
	s256(text, len, trust->s256);
	if (read_all_of(trust, json, dir, error))
		return trust;
	trust_free(trust);
	return NULL;
}

struct trust *trust_load(const char *dir, bool *missing, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char path[4096];
	*error = NULL;
	snprintf(path, sizeof path, "%s/exchange.json", dir);
	const char *why = read_trusted(path, geteuid(), MAX_CONF, &text, missing);
	if (why)
		return *missing ? NULL : (error_set(error, "%s", why), NULL);
	return trust_parse(text.data ? text.data : "", text.len, dir, error);
}

void trust_free(struct trust *trust)
{
	for (size_t i = 0; trust && i < trust->n; i++) {
		struct trust_issuer *issuer = &trust->issuers[i];
		for (size_t k = 0; k < issuer->n_rules; k++)
			trust_rule_finish(&issuer->rules[k]);
		free(issuer->rules);
		free(issuer->name);
		free(issuer->audience);
		free(issuer->jwks_url);
		buf_finish(&issuer->ca);
		jwks_free(issuer->keys);
	}
	free(trust);
}

struct trust_issuer *trust_issuer(struct trust *trust, const char *name)
{
	for (size_t i = 0; trust && i < trust->n; i++)
		if (!strcmp(trust->issuers[i].name, name))
			return &trust->issuers[i];
	return NULL;
}
