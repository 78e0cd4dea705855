/* delegations.h: the hops that the log has seen and that are still good, in memory.
 *
 * A hop is found by its hash (what a child calls par_hash).  Entries go when they have expired, so what is
 * looked up is copied out.  Read on every thread, changed by the writer thread after its group is on disk.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_DELEGATIONS_H
#define WHOSH_IDENTITY_DELEGATIONS_H

#include "approver/store/store.h"
#include "common/jws.h"
#include "common/uuid.h"

enum {
	DELEGATIONS_PER_AGENT = 4096, /* live ones: what one agent can make us remember */
	DELEGATIONS_MAX = 1000000
};

/* What is known of one. */
struct delegation {
	char jti[UUID_LEN + 1];
	char hash[S256_LEN + 1], s256[S256_LEN + 1];
	char parent[S256_LEN + 1]; /* hash; "": hop 0 */
	int64_t expires;           /* ms since 1970 */
	int64_t revoked;           /* 0: not */
	int64_t log_index;
};

struct delegations;

/* Load what has not expired; NULL after logging why. */
struct delegations *delegations_new(struct store_reader *reader);
void delegations_free(struct delegations *delegations);

/* Copy out the hop of that hash, or of that jti; false when the log has not seen it, or it is past. */
bool delegation_by_hash(struct delegations *delegations, const char *hash, struct delegation *found);
bool delegation_by_jti(struct delegations *delegations, const char *jti, struct delegation *found);
/* Agree with a row that is stored now; -1: out of memory. */
int delegations_put(struct delegations *delegations, const struct hop_row *row);
void delegations_revoke(struct delegations *delegations, const char *jti, int64_t ms);
/* May there be one more on this agent's account: by it, or (hop 0) to it? */
bool delegations_room(struct delegations *delegations, const char *agent);
/* Forget those that are past (every minute or so). */
void delegations_expire(struct delegations *delegations, int64_t now_ms);

#endif
