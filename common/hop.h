/* hop.h: one hop of a principal chain: who hands which task on to which agent, how far, until when.
 *
 * A chain is "hop0~hop1~…", each hop a JWS (JWS_HOP) signed by the delegator: hop 0 by the approver, which
 * attests that a signed-in person authorised it, or by that person's own key; every other by the agent that
 * the hop before names.  Claims are those of RFC 7519, RFC 8693 (act), RFC 7800 (cnf) and our own:
 *
 *     iss         who delegates: the approver's name or a person (hop 0), an agent
 *     sub         the person it is all done for; the same in every hop
 *     aud         the approver
 *     act.sub     the agent it is handed to
 *     cnf.jwk     that agent's public key
 *     task        what for
 *     depth       0, 1, 2 …: the place in the chain; max_depth: the last place there may be
 *     par_hash    SHA-256 of the parent's "header.payload" (not in hop 0)
 *     scope       commands, cwd, hosts: what it is limited to; each only ever narrows
 *     txn         the command, or whatever it was made in ("enrolment": see HOP_ENROLMENT)
 *
 * Who may have signed it, whether it was logged and how it fits its parent is for the approver to say
 * (approver/identity/chain.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HOP_H
#define WHOSH_HOP_H

#include "common/json.h"
#include "common/jws.h"
#include "common/uuid.h"

enum {
	CHAIN_MAX_HOPS = 8,
	CHAIN_MAX_BYTES = 16 * 1024,
	HOP_MAX_TASK = 4096,
	HOP_MAX_SCOPE = 4096,  /* of all its texts */
	HOP_MAX_PATTERNS = 256 /* in each list of a scope, and words in a pattern */
};

/* The txn of a hop 0 that the approver attests for the owner of an agent that asked for it: only that the
 * agent was enrolled for this person is known; its task is the agent's own word. */
#define HOP_ENROLMENT "enrolment"

/* Strings are borrowed from `tree`; NULL when absent (par_hash, txn, and the lists of a scope). */
struct hop {
	cJSON *tree;
	const char *jti, *iss, *sub, *aud, *act, *task, *txn, *par_hash;
	int64_t iat, exp, depth, max_depth; /* max_depth: CHAIN_MAX_HOPS - 1 when absent */
	unsigned char key[KEY_BYTES];       /* of cnf */
	const cJSON *scope, *commands, *cwd, *hosts;
};

/* Take apart the payload of a hop whose signature is believed.  false when anything is missing, unknown, of
 * the wrong form or too long, with the reason in `why`.  Finish it either way. */
bool hop_parse(struct hop *hop, const char *payload, size_t len, char why[160]);
void hop_finish(struct hop *hop);

/* Append the payload.  `scope` is JSON text or NULL; `hop`'s tree and lists are not looked at. */
void hop_format(struct buf *out, const struct hop *hop, const char *scope);

/* Is it a scope?  The reason in `why` if not. */
bool scope_valid(const cJSON *scope, char why[160]);

/* One hop's text in a chain. */
struct hop_text {
	const char *text;
	size_t len;
};
/* Cut a chain at its tildes; how many hops, 0 when it is empty, too long, or has an empty one. */
int chain_split(const char *chain, size_t len, struct hop_text hops[CHAIN_MAX_HOPS]);

/* What a child's par_hash must be: SHA-256 of what is signed ("header.payload"), base64url. */
void hop_hash(const char *jws, size_t len, char out[S256_LEN + 1]);

#endif
