/* fuzz_jwt.c: any bytes as an identity token, as an issuer's keys, and as exchange.json: nothing is believed
 * that a published key did not sign, and whatever a rule takes has the subject that the rule pins.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/judge.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* The private halves of these keys are gone. */
static const char keys[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","
			   "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			   "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

static void as_token(const char *text, size_t len)
{
	static struct jwks *set;
	struct trust_rule rule = {.agent = lent("a"), .subject = lent("repo:acme/*"), .expires_s = 1};
	struct trust_issuer issuer = {
	    .name = lent("https://i"), .audience = lent("whosh"), .rules = &rule, .n_rules = 1};
	struct jwt jwt;
	struct judgement judgement;
	char why[JUDGE_WHY], *error = NULL;
	const char *phrase;
	if (!set)
		set = jwks_parse(keys, sizeof keys - 1, &error);
	if (!set)
		abort();
	if (jwt_open(&jwt, text, len, &phrase)) {
		if (jwt_verify(&jwt, set, &phrase) == JWT_SIGNED)
			abort();
		if (judge(&jwt, &issuer, NULL, 1000, &judgement, why) &&
		    strncmp(judgement.subject, "repo:acme/", 10) != 0)
			abort();
		judgement_finish(&judgement);
	}
	jwt_finish(&jwt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *error = NULL;
	as_token((const char *)data, size);
	jwks_free(jwks_parse((const char *)data, size, &error));
	free(error);
	trust_free(trust_parse((const char *)data, size, "/nowhere", &error));
	free(error);
	return 0;
}
