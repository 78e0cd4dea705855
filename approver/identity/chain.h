/* chain.h: a principal chain that is believed: who handed the task to whom, each hop with its proof.
 *
 * A chain is verified completely before anything of it is used: form, signature, then claims, then how each
 * hop fits its parent, who is enrolled, what the log has seen (chain_verify.c).  What can be known from the
 * bytes is then kept, by their hash; what changes with time (expiry, revocation, agents and people taken
 * away) is looked at again with every command (chain.c).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_CHAIN_H
#define WHOSH_IDENTITY_CHAIN_H

#include "approver/identity/people.h"
#include "approver/identity/registry.h"
#include "approver/http/server.h"
#include "approver/policy/scope.h"
#include "common/buf.h"
#include "common/hop.h"

enum { CHAIN_WHY = 768, CHAIN_LONGEST_S = 30 * 86400 /* from hop 0's iat to its exp */ };

struct chain_hop {
	char jti[UUID_LEN + 1];
	char hash[S256_LEN + 1], s256[S256_LEN + 1]; /* of header.payload, of all of it */
	int64_t iat, exp;                            /* seconds since 1970 */
	int64_t max_depth;
	char *issuer;
	struct agent *agent;           /* to whom it is handed */
	struct credential *credential; /* that agent's key, named by cnf */
	struct credential *signer;     /* whose signature it is; NULL in hop 0 */
	struct person_key *person;     /* signed hop 0; NULL: the approver attests it */
	struct scope *scope;           /* NULL: no limits of its own */
	bool enrolment; /* hop 0 that the agent had made for its owner: nobody but the agent said the task */
};

struct chain {
	_Atomic int holders;
	char *text; /* as it came */
	size_t len;
	int n;
	struct chain_hop hops[CHAIN_MAX_HOPS];
	char *human, *task;    /* task: the last hop's */
	struct buf principals; /* JSON: the record's `chain` */
	struct buf lineage; /* "human NAME\nagent NAME\ncredential THUMBPRINT\n…": whom a kill may name */
};

/* Believe the chain, as it is now; `why` (CHAIN_WHY bytes) says why not.  Release it.  Any thread. */
struct chain *chain_take(struct server *server, const char *text, size_t len, char *why);
/* Was it handed, in the end, to the agent whose key this is?  Else `why` says what to do. */
bool chain_ends_at(const struct chain *chain, const struct credential *credential, char *why);
/* Do all of its hops give authority for this request?  1; 0 with the hop and the clause that do not,
 * malloc'd, in *why; -1: out of memory. */
int chain_covers(const struct chain *chain, const struct policy_request *request, char **why);

/* Are they one agent's credential before and after rotations?  While a rotation is under way both of its keys
 * are good, and a hop made for the one must not fail the other. */
bool chain_same_line(const struct credential *a, const struct credential *b);

/* chain_verify.c: the whole verification, uncached.  `last_is_new`: the last hop is about to be logged.  NULL
 * with `why`. */
struct chain *chain_verify(struct server *server, const char *text, size_t len, bool last_is_new, char *why);
void chain_release(struct chain *chain);
/* chain.c: what changes with time. */
bool chain_stands(struct server *server, const struct chain *chain, bool last_is_new, char *why);

/* chain_record.c: why a command that waited with these principals (a record's `chain`, JSON) may no longer be
 * approved; NULL: it may. */
const char *chain_record_fallen(struct server *server, const char *principals);

/* The cache; server.c makes and frees it. */
struct chain_cache;
struct chain_cache *chain_cache_new(void);
void chain_cache_free(struct chain_cache *cache);

#endif
