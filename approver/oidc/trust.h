/* trust.h: exchange.json: whose identity tokens are taken, and for which agent.
 *
 * An issuer is known by its exact name, its keys (a JWKS file, or a URL whose server is believed by one CA
 * file), and the audience that its tokens must be for.  A rule of it pins down the subject and the workflow:
 * patterns are globs, but the text before the first wildcard must name a whole owner (see trust_pinned), so
 * that no slip of the pen lets in everyone who can have a token from that issuer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_TRUST_H
#define WHOSH_OIDC_TRUST_H

#include "approver/oidc/jwks.h"
#include "common/buf.h"
#include "common/jws.h"
#include <stdint.h>

enum { TRUST_MAX_ISSUERS = 16, TRUST_MAX_RULES = 64, TRUST_MAX_CLAIMS = 16, TRUST_MAX_TEXT = 1024 };

struct trust_claim {
	char *name, *pattern;
	char *ref; /* of a workflow's FILE@REF, the pattern of REF, `pattern` being FILE's; else NULL */
};

struct trust_rule {
	char *agent, *subject;
	struct trust_claim claims[TRUST_MAX_CLAIMS];
	size_t n_claims;
	int64_t expires_s;
};

struct trust_issuer {
	char *name, *audience;
	char *jwks_url;    /* NULL: the keys are from a file */
	struct buf ca;     /* PEM, for jwks_url */
	struct jwks *keys; /* NULL: not fetched yet */
	struct trust_rule *rules;
	size_t n_rules;
};

struct trust {
	char s256[S256_LEN + 1]; /* of the text */
	struct trust_issuer issuers[TRUST_MAX_ISSUERS];
	size_t n;
};

/* Read DIR/exchange.json and the files that it names.  NULL with *missing when there is none, or with a
 * malloc'd sentence in *error. */
struct trust *trust_load(const char *dir, bool *missing, char **error);
/* The same from text; its files are beside DIR. */
struct trust *trust_parse(const char *text, size_t len, const char *dir, char **error);
void trust_free(struct trust *trust);

/* NULL when there is none. */
struct trust_issuer *trust_issuer(struct trust *trust, const char *name);

/* Does the pattern name something whole before its first wildcard?  `begins`: how the name before it is
 * ended (":" of "repo:acme/app:…": what follows must be whole), or NULL when the pattern begins with it
 * ("acme/app/…"). */
bool trust_pinned(const char *pattern, const char *begins);

#endif
