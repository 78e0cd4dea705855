/* keyring.h: who may have signed what, as the entries of the log so far say.
 *
 * Keys come with the rows of entries, and end with them.  As in the approver, ends only ever come nearer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_KEYRING_H
#define WHOSH_AUDIT_KEYRING_H

#include "approver/audit/findings.h"
#include "approver/audit/map.h"
#include "common/json.h"
#include "common/jws.h"

struct audit_agent {
	char *id;
	bool disabled;
	struct audit_key *keys;   /* the newest first */
	struct audit_key *recent; /* whose signature was found last */
};

/* A credential of an agent, or a person's own key. */
struct audit_key {
	char id[S256_LEN + 1]; /* thumbprint */
	struct public_key *key;
	struct audit_agent *agent; /* NULL: a person's */
	char *person;
	int64_t not_before, expires, revoked; /* ms; 0: not */
	struct audit_key *replaces;           /* what it was rotated from */
	struct audit_key *older;              /* of its agent or person */
};

struct audit_person {
	char *id;
	struct audit_key *keys;
};

struct keyring {
	struct map agents, keys, people;
	bool failed; /* out of memory */
};

/* Take over the rows of one entry. */
void keyring_rows(struct keyring *ring, const cJSON *rows, int64_t index, struct findings *findings);
/* What an entry about it says happened to a credential, a person's key or an agent. */
void keyring_revoke(struct keyring *ring, const char *id, int64_t ms);
void keyring_disable(struct keyring *ring, const char *agent);
/* Why a key was not good at `ms`, by what has been said so far; NULL: it was. */
const char *key_unusable(const struct audit_key *key, int64_t ms);
/* Are they one agent's key before and after rotations? */
bool key_same_line(const struct audit_key *a, const struct audit_key *b);
void keyring_finish(struct keyring *ring);

#endif
