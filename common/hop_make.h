/* hop_make.h: a delegation from the delegator's side: an agent's broker, or a person's whoctl.
 *
 * Two messages are signed.  The first asks the approver what the hop may say (POST /v1/delegations/prepare);
 * its answer names the delegate's key, the person it is all done for, and how far and how long the chain may
 * go on.  The second is the hop (POST /v1/delegations).  What the answer says is compared with the chain as
 * it stands, so that nothing else is signed than what was asked for.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HOP_MAKE_H
#define WHOSH_HOP_MAKE_H

#include "common/hop.h"

enum { DELEGATE_DEFAULT_S = 3600, DELEGATE_MAX_S = 30 * 86400 };

/* What is to be delegated.  Strings are borrowed. */
struct hop_wanted {
	const char *to, *task;
	const char *scope;  /* JSON, or NULL */
	const char *chain;  /* as it stands, or NULL */
	const char *txn;    /* the command it is made in, or NULL */
	int64_t expires_s;  /* 0: as long as may be, an hour at most */
	int64_t more_depth; /* how many further hops the delegate may add; -1: as many as may be */
};

/* Who signs: an agent, or a person (who has no chain). */
struct hop_signer {
	const char *name, *aud;
	bool person;
	const struct signing_key *key;
	const struct public_key *approver; /* whose signature a hop 0 that the approver adds must have */
};

/* Each returns 0, or an exit status of exits.h with a malloc'd sentence in *error (NULL: out of memory). */

/* Is it well formed, before anybody is asked?  The chain, when there is one, must end at an agent signer. */
int hop_wanted_check(const struct hop_wanted *wanted, const struct hop_signer *signer, char **error);
/* Append the JWS that asks. */
int hop_ask(struct buf *jws, const struct hop_wanted *wanted, const struct hop_signer *signer, int64_t now,
	    char **error);
/* From the answer to it: append the new chain; its last hop, to be posted, begins at chain->data + *at. */
int hop_make(struct buf *chain, size_t *at, const struct hop_wanted *wanted, const struct hop_signer *signer,
	     const char *answer, size_t len, char **error);
/* Does the answer to the posted hop say that it was logged? */
bool hop_logged(const char *answer, size_t len, const char *hop, size_t hop_len);

/* Take apart the last hop of a chain, believing nothing.  false when there is none.  Finish it either way. */
bool chain_last(struct hop *hop, const char *chain);

#endif
