/* exchanger.h: what the approver knows of issuers of identity tokens, and the thread that keeps their keys
 * fresh.
 *
 * Keys that come from a URL are fetched at the start, every 15 minutes, when a token names a key that is not
 * there (at most once a minute for each issuer: anyone can make up a key's name), and sooner again after a
 * failure.  The last good set stays for as long as no better one comes.  No request waits for a fetch: it is
 * told to come again.
 *
 * One token is checked at a time, under the lock that the keys are changed under: a check costs 60 µs and
 * comes once a CI job.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_EXCHANGER_H
#define WHOSH_IDENTITY_EXCHANGER_H

#include "approver/oidc/judge.h"

struct exchanger;

/* Reads DIR/exchange.json; NULL after logging why it cannot be used.  When there is none all is refused. */
struct exchanger *exchanger_new(const char *dir);
/* End the thread and free; NULL is allowed. */
void exchanger_free(struct exchanger *exchanger);
/* Read the configuration again: the whole of it, or the one in force stays, with the reason in the log. */
void exchanger_reload(struct exchanger *exchanger);

enum exchange_answer {
	EXCHANGE_TAKEN,
	EXCHANGE_OFF, /* nothing is configured */
	EXCHANGE_REFUSED,
	EXCHANGE_LATER /* the issuer's keys are on their way */
};
/* Is this token good for an agent (for `agent`, when it is not NULL)?  *judgement is to be finished when it
 * is; else `why` says why not, with nothing of the token in it. */
enum exchange_answer exchanger_check(struct exchanger *exchanger, const char *token, size_t len,
				     const char *agent, struct judgement *judgement, char why[JUDGE_WHY]);

#endif
