/* judge.h: from a token to the agent that it speaks for.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_JUDGE_H
#define WHOSH_OIDC_JUDGE_H

#include "approver/oidc/jwt.h"
#include "approver/oidc/trust.h"

enum { JUDGE_TOLERANCE_S = 60, JUDGE_WHY = 200 };

/* What a token has proven; malloc'd, finish it. */
struct judgement {
	char *issuer, *subject, *agent;
	char *jti;                     /* NULL: it has none */
	size_t rule;                   /* from 1 */
	int64_t token_until;           /* when it is refused for its age, ms since 1970 */
	int64_t expires_s;             /* of the credential */
	char trust_s256[S256_LEN + 1]; /* of the configuration that said so; the caller's to set */
	struct buf claims;             /* what the rule looked at: a JSON object */
};
void judgement_finish(struct judgement *judgement);

/* Is the token, whose signature was found good with this issuer's keys, for us, of now (seconds since 1970),
 * and does a rule take it?  The first rule that matches in everything, for `agent` only when it is not NULL.
 * false with a phrase in `why`, in which nothing of the token stands. */
bool judge(const struct jwt *jwt, const struct trust_issuer *issuer, const char *agent, int64_t now,
	   struct judgement *judgement, char why[JUDGE_WHY]);

#endif
