/* state.h: what an audit remembers, and one entry on its way through it; only the files of this folder look.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_STATE_H
#define WHOSH_AUDIT_STATE_H

#include "approver/audit/audit.h"
#include "approver/audit/keyring.h"
#include "common/hop.h"

enum audit_command_state {
	AUDIT_REQUESTED,
	AUDIT_APPROVED,
	AUDIT_DENIED,
	AUDIT_UNKNOWN, /* nobody can say how it ended, and the log says so */
	AUDIT_ENDED
};

struct audit_review {
	struct audit_review *next;
	char operator_name[];
};

struct audit_command {
	char id[UUID_LEN + 1], s256[S256_LEN + 1];
	enum audit_command_state state;
	int64_t index, decided_index, decided_ms;
	struct audit_agent *agent;    /* NULL: not here */
	struct audit_key *signer;     /* NULL: not found out (yet), or nobody's */
	struct audit_review *reviews; /* who approved */
};

/* A delegation that was logged. */
struct audit_hop {
	char id[UUID_LEN + 1], hash[S256_LEN + 1], s256[S256_LEN + 1];
	struct audit_hop *parent;
	struct audit_key *key; /* whom it names; NULL: not here */
	char *agent, *person;
	int64_t depth, max_depth, expires;
	bool revoked;
	cJSON *scope;
};

enum { SIGNED_BY_NOBODY = -1, SIGNED_BY_APPROVER = -2 };

struct audit_candidate {
	struct audit_key *key;
	const char *unusable; /* why not, when the entry came */
};

struct audit_item {
	struct audit_entry entry;
	struct audit_leaf leaf;
	struct buf blob;
	char why[160];
	const char *bad;   /* what is wrong with its form: `why`, or a literal; NULL: nothing */
	bool blob_missing; /* reading failed, or it is not there */
	bool other_blob;   /* it is not what the entry names */
	/* of its JWS */
	struct buf payload;
	cJSON *claims;
	char s256[S256_LEN + 1];
	/* who may have signed it */
	struct audit_candidate *candidates;
	size_t n;
	bool by_approver; /* or the approver */
	int signer;       /* an index of candidates, or SIGNED_BY_… */
	struct audit_command *command;
	struct audit_hop *hop; /* of a delegation itself, of a command the last one of its chain */
};

struct audit {
	struct audit_settings settings;
	struct pool *pool;
	struct findings *findings;
	struct audit_counts counts;
	struct keyring ring;
	struct map commands, hops_by_hash, hops_by_s256, hops_by_id, policies;
	unsigned char approver_bytes[KEY_BYTES];
	struct public_key *approver;
	int64_t last_index, last_ms;
	bool failed, keyless;
	struct audit_item *items;
	size_t room;
};

/* Say that something is wrong with this item. */
#define WRONG(audit, item, command, ...)                                                                     \
	audit_finding_add((audit)->findings, (item)->entry.index, command, __VA_ARGS__)

/* What the entry refers to is not here: counted when entries are missing, else a finding. */
void audit_missing(struct audit *audit, const struct audit_item *item, const char *command, const char *what);
/* May this key have signed it?  Those that were usable are tried first. */
void audit_candidate(struct audit *audit, struct audit_item *item, struct audit_key *key);
/* All keys of an agent, the one that signed last first. */
void audit_candidates(struct audit *audit, struct audit_item *item, struct audit_agent *agent);
/* Is the message for this approver? */
void audit_audience(struct audit *audit, const struct audit_item *item, const char *command,
		    const char *audience);

/* The credential that an entry's rows say a command is from; NULL: they do not say. */
const char *audit_noted_credential(const struct audit_item *item);

/* Step 2 and step 4 of each kind. */
void check_command(struct audit *audit, struct audit_item *item);
void conclude_command(struct audit *audit, struct audit_item *item);
void check_permit(struct audit *audit, struct audit_item *item);
void conclude_permit(struct audit *audit, struct audit_item *item);
void check_outcome(struct audit *audit, struct audit_item *item);
void conclude_outcome(struct audit *audit, struct audit_item *item);
void check_delegation(struct audit *audit, struct audit_item *item);
void conclude_delegation(struct audit *audit, struct audit_item *item);
/* The approver's own word: log_started, review, command_unknown, policy_loaded, and what ends keys. */
void check_statement(struct audit *audit, struct audit_item *item);

#endif
