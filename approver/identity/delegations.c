/* delegations.c: live hops, by hash and by jti, and how many are on each agent's account.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/delegations.h"
#include "common/clock.h"
#include "common/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 8192 };

struct account {
	struct account *next;
	size_t live;
	char name[];
};

struct entry {
	struct entry *next_hash, *next_jti;
	struct account *account;
	struct delegation is;
};

struct delegations {
	pthread_rwlock_t lock;
	struct entry *by_hash[BUCKETS], *by_jti[BUCKETS];
	struct account *accounts[BUCKETS];
	size_t count;
};

/* The keys are hashes, random, or names that an administrator chose. */
static size_t bucket(const char *key)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a */
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)(h ^ h >> 32) % BUCKETS;
}

static struct entry *find_hash(struct delegations *d, const char *hash)
{
	struct entry *e = d->by_hash[bucket(hash)];
	while (e && strcmp(e->is.hash, hash) != 0)
		e = e->next_hash;
	return e;
}

static struct entry *find_jti(struct delegations *d, const char *jti)
{
	struct entry *e = d->by_jti[bucket(jti)];
	while (e && strcmp(e->is.jti, jti) != 0)
		e = e->next_jti;
	return e;
}

static struct account *find_account(struct delegations *d, const char *name, bool make)
{
	struct account **at = &d->accounts[bucket(name)];
	for (struct account *account = *at; account; account = account->next)
		if (!strcmp(account->name, name))
			return account;
	struct account *account = make ? calloc(1, sizeof *account + strlen(name) + 1) : NULL;
	if (!account)
		return NULL;
	strcpy(account->name, name);
	account->next = *at;
	*at = account;
	return account;
}

static bool copy_out(struct delegations *d, struct entry *(*find)(struct delegations *, const char *),
		     const char *key, struct delegation *found)
{
	pthread_rwlock_rdlock(&d->lock);
	struct entry *e = find(d, key);
	if (e)
		*found = e->is;
	pthread_rwlock_unlock(&d->lock);
	return e != NULL;
}

bool delegation_by_hash(struct delegations *d, const char *hash, struct delegation *found)
{
	return copy_out(d, find_hash, hash, found);
}

bool delegation_by_jti(struct delegations *d, const char *jti, struct delegation *found)
{
	return copy_out(d, find_jti, jti, found);
}

static struct entry *add(struct delegations *d, const struct hop_row *row)
{
	struct account *account = find_account(d, row->depth ? row->issuer : row->agent, true);
	struct entry *e = account ? calloc(1, sizeof *e) : NULL;
	if (!e)
		return NULL;
	snprintf(e->is.jti, sizeof e->is.jti, "%s", row->id);
	snprintf(e->is.hash, sizeof e->is.hash, "%s", row->hash);
	snprintf(e->is.s256, sizeof e->is.s256, "%s", row->s256);
	snprintf(e->is.parent, sizeof e->is.parent, "%s", row->parent ? row->parent : "");
	e->is.expires = row->expires;
	e->is.log_index = row->log_index;
	e->account = account;
	account->live++;
	struct entry **hash = &d->by_hash[bucket(e->is.hash)], **jti = &d->by_jti[bucket(e->is.jti)];
	e->next_hash = *hash;
	*hash = e;
	e->next_jti = *jti;
	*jti = e;
	d->count++;
	return e;
}

int delegations_put(struct delegations *d, const struct hop_row *row)
{
	pthread_rwlock_wrlock(&d->lock);
	struct entry *e = find_jti(d, row->id);
	if (!e)
		e = add(d, row);
	if (e && row->revoked && !e->is.revoked)
		e->is.revoked = row->revoked;
	pthread_rwlock_unlock(&d->lock);
	return e ? 0 : -1;
}

void delegations_revoke(struct delegations *d, const char *jti, int64_t ms)
{
	pthread_rwlock_wrlock(&d->lock);
	struct entry *e = find_jti(d, jti);
	if (e && !e->is.revoked)
		e->is.revoked = ms;
	pthread_rwlock_unlock(&d->lock);
}

bool delegations_room(struct delegations *d, const char *agent)
{
	pthread_rwlock_rdlock(&d->lock);
	const struct account *known = find_account(d, agent, false);
	bool room = d->count < DELEGATIONS_MAX && (!known || known->live < DELEGATIONS_PER_AGENT);
	pthread_rwlock_unlock(&d->lock);
	return room;
}

static void unlink_jti(struct delegations *d, const struct entry *gone)
{
	struct entry **at = &d->by_jti[bucket(gone->is.jti)];
	while (*at != gone)
		at = &(*at)->next_jti;
	*at = gone->next_jti;
}

void delegations_expire(struct delegations *d, int64_t now_ms)
{
	pthread_rwlock_wrlock(&d->lock);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry **at = &d->by_hash[i]; *at;) {
			struct entry *e = *at;
			if (e->is.expires > now_ms) {
				at = &e->next_hash;
				continue;
			}
			*at = e->next_hash;
			unlink_jti(d, e);
			e->account->live--;
			d->count--;
			free(e);
		}
	pthread_rwlock_unlock(&d->lock);
}

static bool load(const struct hop_row *row, void *arg)
{
	if (delegations_put(arg, row))
		log_line(LOG_LEVEL_ERROR, "a delegation of the store cannot be used", "id", row->id, NULL);
	return true;
}

struct delegations *delegations_new(struct store_reader *reader)
{
	struct delegations *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	pthread_rwlock_init(&d->lock, NULL);
	if (!store_hops(reader, clock_wall_ms(), load, d))
		return d;
	delegations_free(d);
	return NULL;
}

void delegations_free(struct delegations *d)
{
	if (!d)
		return;
	delegations_expire(d, INT64_MAX);
	for (size_t i = 0; i < BUCKETS; i++)
		while (d->accounts[i]) {
			struct account *next = d->accounts[i]->next;
			free(d->accounts[i]);
			d->accounts[i] = next;
		}
	pthread_rwlock_destroy(&d->lock);
	free(d);
}
