/* registry.h: agents, credentials and operators in memory, for the way of every command.
 *
 * Read on every thread, changed by the writer thread after its group is on disk, so that what is answered by
 * is never more than what is stored.  Entries are never freed while the approver runs (agents are disabled,
 * credentials revoked, operators disabled; none is removed), hence a pointer handed out stays good; what may
 * change in an entry is atomic or covered by the registry's lock.
 *
 * Times are milliseconds since 1970, as in the store.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_REGISTRY_H
#define WHOSH_IDENTITY_REGISTRY_H

#include "approver/store/store.h"
#include "common/jws.h"
#include <stdatomic.h>

enum role { ROLE_NOBODY, ROLE_VIEWER, ROLE_REVIEWER, ROLE_ADMIN }; /* in order of power */

enum { ALERTS_OF_AGENT = 3 };

struct credential;

struct agent {
	struct agent *next; /* in its bucket */
	char *id, *owner;
	char *chain; /* the JSON of its principals up to the agent's ID: `[{…owner…},{"type":"agent","id":"…"`
		      */
	size_t chain_len;
	int64_t created;
	bool delegated; /* a command without a chain is refused */
	_Atomic bool disabled;
	_Atomic int64_t last_used;
	struct credential *_Atomic credentials;   /* newest first, by ->older */
	struct credential *_Atomic recent;        /* the one that signed last: tried first */
	_Atomic int64_t alerted[ALERTS_OF_AGENT]; /* by kind: when one was last surely kept, clock_mono_ms */
};

struct credential {
	struct credential *next, *older;
	char id[S256_LEN + 1];
	struct agent *agent;
	struct public_key *key;
	unsigned char x[KEY_BYTES];
	int64_t issued;
	_Atomic int64_t not_before, expires;
	char *issued_by, *revoked_by, *source;
	struct credential *replaces;            /* what it was rotated from */
	struct credential *_Atomic replaced_by; /* what was rotated from it, the newest */
	_Atomic int64_t revoked, last_used;
	_Atomic bool unsaved; /* last_used is newer here than in the store */
	_Atomic bool
	    use_kept; /* the store knows that it was used: see credential_work.c for why that matters */
};

struct operator_account {
	struct operator_account *next;
	char *name;
	_Atomic int role;
	char token_s256[S256_LEN + 1];
	_Atomic int64_t created; /* the last time: a name may be given again, to somebody else */
	_Atomic bool disabled;
	_Atomic int64_t signed_in; /* when a sign-in was last logged */
};

struct registry;

/* Load everything from the store; NULL after logging why. */
struct registry *registry_new(struct store_reader *reader);
void registry_free(struct registry *registry);

/* NULL when there is none.  A credential of a CI job (there may be thousands a day) is not loaded any more at
 * a start 30 days after its end; whether a key was ever enrolled, registry_key_known says. */
struct agent *registry_agent(struct registry *registry, const char *id);
struct credential *registry_credential(struct registry *registry, const char *id);
/* Was the key of this credential ID ever enrolled, by memory or by the store?  1, 0, -1. */
int registry_key_known(struct registry *registry, struct store_reader *reader, const char *id);
struct operator_account *registry_operator(struct registry *registry, const char *name);
/* The operator whose token this is, compared with every operator's in constant time; NULL. */
struct operator_account *registry_sign_in(struct registry *registry, const char *token, size_t len);

/* Make memory agree with a row that is stored now (added or changed); as there, what was disabled or revoked
 * stays so, and a credential's end only comes nearer.  -1: out of memory or not a usable row. */
int registry_put_agent(struct registry *registry, const struct agent_row *row);
int registry_put_credential(struct registry *registry, const struct credential_row *row);
int registry_put_operator(struct registry *registry, const struct operator_row *row);

/* Call fn for each, oldest first, under the lock. */
void registry_agents(struct registry *registry, void (*fn)(struct agent *, void *), void *arg);
void registry_credentials(struct registry *registry, void (*fn)(struct credential *, void *), void *arg);
void registry_operators(struct registry *registry, void (*fn)(struct operator_account *, void *), void *arg);

/* Is `later` the credential `earlier`, or was it rotated from it, directly or through others? */
bool credential_succeeds(const struct credential *later, const struct credential *earlier);
/* Was it issued by an operator?  An agent has one of those at a time, or two while one replaces the other. */
bool credential_is_operators(const struct credential *credential);
/* Copy up to `max` credentials, in the order they came, from number *from on (which goes on after them, and
 * round at the end).  How many. */
size_t registry_some(struct registry *registry, size_t *from, struct credential **into, size_t max);

/* The row of an entry, its strings borrowed (do not finish it). */
void agent_to_row(struct agent *agent, struct agent_row *row);
void credential_to_row(struct credential *credential, struct credential_row *row);

enum role role_parse(const char *name); /* ROLE_NOBODY when it is none */
const char *role_name(enum role role);

#endif
