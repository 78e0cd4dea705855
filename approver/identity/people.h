/* people.h: the keys that people sign delegations with themselves, in memory.
 *
 * As in registry.h: read on every thread, changed by the writer thread after its group is on disk; an entry
 * is never freed while the approver runs.  There are few of them, in one list.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_PEOPLE_H
#define WHOSH_IDENTITY_PEOPLE_H

#include "approver/store/store.h"
#include "common/jws.h"
#include <stdatomic.h>

struct person_key {
	struct person_key *older;
	char id[S256_LEN + 1]; /* RFC 7638 thumbprint */
	char *person;
	struct public_key *key;
	unsigned char x[KEY_BYTES];
	int64_t issued, expires; /* ms since 1970 */
	_Atomic int64_t revoked;
};

struct people;

/* Load them from the store; NULL after logging why. */
struct people *people_new(struct store_reader *reader);
void people_free(struct people *people);

/* Agree with a row that is stored now.  -1: out of memory or not a usable row. */
int people_put(struct people *people, const struct key_row *row);
struct person_key *people_key(struct people *people, const char *id);
/* The person's key that signed the JWS, whatever its state.  At most 1,024 are tried, the newest first. */
struct person_key *people_signer(struct people *people, const char *person, const char *jws, size_t len);
/* How many usable ones a person has. */
int people_count(struct people *people, const char *person, int64_t now_ms);
void people_each(struct people *people, void (*fn)(struct person_key *, void *), void *arg);
void person_key_to_row(const struct person_key *key, struct key_row *row); /* strings borrowed */

#endif
