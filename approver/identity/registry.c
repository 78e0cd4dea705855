/* registry.c: who is known, in memory.
 *
 * Agents and credentials hang in hash tables of fixed width that are also kept in the order they came, by an
 * array of pointers; with a few thousand of either a chain is a handful long.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/registry.h"
#include "approver/store/derive.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/secure.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };
#define KEPT_AFTER_END_MS (30 * INT64_C(86400000))

struct list {
	void **items;
	size_t n, cap;
};

struct registry {
	pthread_rwlock_t lock;
	struct agent *agents[BUCKETS];
	struct credential *credentials[BUCKETS];
	struct operator_account *operators;
	struct list agent_list, credential_list, operator_list;
};

static const char *const role_names[] = {"nobody", "viewer", "reviewer", "admin"};

enum role role_parse(const char *name)
{
	for (int i = ROLE_VIEWER; i <= ROLE_ADMIN; i++)
		if (name && !strcmp(name, role_names[i]))
			return (enum role)i;
	return ROLE_NOBODY;
}

const char *role_name(enum role role)
{
	return role_names[role];
}

static size_t bucket(const char *id)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a: IDs here are few and chosen by administrators */
	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	return (size_t)(h ^ h >> 32) % BUCKETS;
}

static bool list_add(struct list *list, void *item)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		void **items = reallocarray(list->items, cap, sizeof *items);
		if (!items)
			return false;
		list->items = items;
		list->cap = cap;
	}
	list->items[list->n++] = item;
	return true;
}

static struct agent *find_agent(struct registry *r, const char *id)
{
	struct agent *a = r->agents[bucket(id)];
	while (a && strcmp(a->id, id) != 0)
		a = a->next;
	return a;
}

static struct credential *find_credential(struct registry *r, const char *id)
{
	struct credential *c = r->credentials[bucket(id)];
	while (c && strcmp(c->id, id) != 0)
		c = c->next;
	return c;
}

static struct operator_account *find_operator(struct registry *r, const char *name)
{
	struct operator_account *o = r->operators;
	while (o && strcmp(o->name, name) != 0)
		o = o->next;
	return o;
}

struct agent *registry_agent(struct registry *r, const char *id)
{
	pthread_rwlock_rdlock(&r->lock);
	struct agent *found = find_agent(r, id);
	pthread_rwlock_unlock(&r->lock);
	return found;
}

struct credential *registry_credential(struct registry *r, const char *id)
{
	pthread_rwlock_rdlock(&r->lock);
	struct credential *found = find_credential(r, id);
	pthread_rwlock_unlock(&r->lock);
	return found;
}

int registry_key_known(struct registry *r, struct store_reader *reader, const char *id)
{
	struct credential_row row;
	if (registry_credential(r, id))
		return 1;
	int found = reader ? store_credential(reader, id, &row) : -1;
	if (found == 1)
		credential_row_finish(&row);
	return found;
}

struct operator_account *registry_operator(struct registry *r, const char *name)
{
	pthread_rwlock_rdlock(&r->lock);
	struct operator_account *found = find_operator(r, name);
	pthread_rwlock_unlock(&r->lock);
	return found;
}

struct operator_account *registry_sign_in(struct registry *r, const char *token, size_t len)
{
	char hash[S256_LEN + 1];
	s256(token, len, hash);
	struct operator_account *found = NULL;
	pthread_rwlock_rdlock(&r->lock);
	for (struct operator_account *o = r->operators; o; o = o->next)
		if (secure_equal(o->token_s256, hash, S256_LEN) && !o->disabled)
			found = o;
	pthread_rwlock_unlock(&r->lock);
	secure_wipe(hash, sizeof hash);
	return found;
}

/* The part of the principals' JSON that every command of this agent shares; the task and the end follow. */
static char *chain_head(const char *id, const char *owner, int64_t created, size_t *len)
{
	struct buf out = BUF_INIT;
	derive_chain_head(&out, id, owner, created);
	*len = out.len;
	if (!out.failed)
		return buf_take(&out);
	buf_finish(&out);
	return NULL;
}

static struct agent *agent_new(const struct agent_row *row)
{
	struct agent *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->id = strdup(row->id);
	a->owner = strdup(row->owner ? row->owner : "");
	a->created = row->created;
	a->delegated = row->delegated;
	a->chain = a->id && a->owner ? chain_head(a->id, a->owner, row->created, &a->chain_len) : NULL;
	if (a->chain)
		return a;
	free(a->id);
	free(a->owner);
	free(a);
	return NULL;
}

int registry_put_agent(struct registry *r, const struct agent_row *row)
{
	pthread_rwlock_wrlock(&r->lock);
	struct agent *a = find_agent(r, row->id);
	if (!a) {
		a = agent_new(row);
		if (a && list_add(&r->agent_list, a)) {
			size_t b = bucket(a->id);
			a->next = r->agents[b];
			r->agents[b] = a;
		} else {
			a = NULL;
		}
	}
	if (a) {
		if (row->disabled)
			a->disabled = true;
		if (row->last_used > a->last_used)
			a->last_used = row->last_used;
	}
	pthread_rwlock_unlock(&r->lock);
	return a ? 0 : -1;
}

static void credential_free(struct credential *c)
{
	public_key_free(c->key);
	free(c->issued_by);
	free(c->revoked_by);
	free(c->source);
	free(c);
}

static struct credential *credential_new(struct registry *r, const struct credential_row *row)
{
	struct agent *agent = find_agent(r, row->agent);
	struct credential *c = agent && strlen(row->id) == S256_LEN ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return NULL;
	memcpy(c->id, row->id, S256_LEN);
	memcpy(c->x, row->key, KEY_BYTES);
	c->agent = agent;
	c->key = public_key_new(row->key);
	c->issued = row->issued;
	c->issued_by = row->issued_by ? strdup(row->issued_by) : NULL;
	c->source = strdup(row->source ? row->source : "operator");
	c->not_before = row->not_before;
	c->expires = row->expires;
	if (!c->key || !c->source || !list_add(&r->credential_list, c)) {
		credential_free(c);
		return NULL;
	}
	struct credential *replaces = row->replaces ? find_credential(r, row->replaces) : NULL;
	if (replaces && replaces->agent == agent) {
		c->replaces = replaces;
		replaces->replaced_by = c;
	}
	size_t b = bucket(c->id);
	c->next = r->credentials[b];
	r->credentials[b] = c;
	c->older = agent->credentials;
	agent->credentials = c;
	return c;
}

int registry_put_credential(struct registry *r, const struct credential_row *row)
{
	pthread_rwlock_wrlock(&r->lock);
	struct credential *c = find_credential(r, row->id);
	if (!c)
		c = credential_new(r, row);
	if (c) {
		if (row->expires && (!c->expires || row->expires < c->expires))
			c->expires = row->expires;
		if (row->revoked && !c->revoked)
			c->revoked = row->revoked;
		if (row->revoked_by && !c->revoked_by)
			c->revoked_by = strdup(row->revoked_by);
		if (row->last_used > c->last_used)
			c->last_used = row->last_used;
		if (row->last_used)
			c->use_kept = true;
	}
	pthread_rwlock_unlock(&r->lock);
	return c ? 0 : -1;
}

int registry_put_operator(struct registry *r, const struct operator_row *row)
{
	enum role role = role_parse(row->role);
	if (role == ROLE_NOBODY || !row->token_s256 || strlen(row->token_s256) != S256_LEN)
		return -1;
	pthread_rwlock_wrlock(&r->lock);
	struct operator_account *o = find_operator(r, row->name);
	if (!o && (o = calloc(1, sizeof *o))) {
		o->name = strdup(row->name);
		if (o->name && list_add(&r->operator_list, o)) {
			o->next = r->operators;
			r->operators = o;
		} else {
			free(o->name);
			free(o);
			o = NULL;
		}
	}
	if (o) {
		o->role = (int)role;
		memcpy(o->token_s256, row->token_s256, S256_LEN);
		o->created = row->created;
		o->disabled = row->disabled;
	}
	pthread_rwlock_unlock(&r->lock);
	return o ? 0 : -1;
}

static bool load_agent(const struct agent_row *row, void *arg)
{
	if (registry_put_agent(arg, row))
		log_line(LOG_LEVEL_ERROR, "an agent of the store cannot be used", "agent", row->id, NULL);
	return true;
}

/* Nothing that it signed is still to come. */
static bool is_long_over(const struct credential_row *row)
{
	return row->source && !strcmp(row->source, "exchange") &&
	       row->expires < clock_wall_ms() - KEPT_AFTER_END_MS;
}

static bool load_credential(const struct credential_row *row, void *arg)
{
	if (is_long_over(row))
		return true;
	if (registry_put_credential(arg, row))
		log_line(LOG_LEVEL_ERROR, "a credential of the store cannot be used", "credential", row->id,
			 NULL);
	return true;
}

static bool load_operator(const struct operator_row *row, void *arg)
{
	if (registry_put_operator(arg, row))
		log_line(LOG_LEVEL_ERROR, "an operator of the store cannot be used", "operator", row->name,
			 NULL);
	return true;
}

struct registry *registry_new(struct store_reader *reader)
{
	struct registry *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	pthread_rwlock_init(&r->lock, NULL);
	if (store_agents(reader, load_agent, r) || store_credentials(reader, load_credential, r) ||
	    store_operators(reader, load_operator, r)) {
		registry_free(r);
		return NULL;
	}
	return r;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->agent_list.n; i++) {
		struct agent *a = r->agent_list.items[i];
		free(a->id);
		free(a->owner);
		free(a->chain);
		free(a);
	}
	for (size_t i = 0; i < r->credential_list.n; i++)
		credential_free(r->credential_list.items[i]);
	for (size_t i = 0; i < r->operator_list.n; i++) {
		struct operator_account *o = r->operator_list.items[i];
		free(o->name);
		secure_wipe(o->token_s256, sizeof o->token_s256);
		free(o);
	}
	free(r->agent_list.items);
	free(r->credential_list.items);
	free(r->operator_list.items);
	pthread_rwlock_destroy(&r->lock);
	free(r);
}

void registry_agents(struct registry *r, void (*fn)(struct agent *, void *), void *arg)
{
	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; i < r->agent_list.n; i++)
		fn(r->agent_list.items[i], arg);
	pthread_rwlock_unlock(&r->lock);
}

void registry_credentials(struct registry *r, void (*fn)(struct credential *, void *), void *arg)
{
	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; i < r->credential_list.n; i++)
		fn(r->credential_list.items[i], arg);
	pthread_rwlock_unlock(&r->lock);
}

void registry_operators(struct registry *r, void (*fn)(struct operator_account *, void *), void *arg)
{
	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; i < r->operator_list.n; i++)
		fn(r->operator_list.items[i], arg);
	pthread_rwlock_unlock(&r->lock);
}

void agent_to_row(struct agent *a, struct agent_row *row)
{
	int64_t credentials = 0, now = clock_wall_ms();
	for (struct credential *c = a->credentials; c; c = c->older)
		credentials += !c->revoked && (!c->expires || now < c->expires);
	*row = (struct agent_row){.id = a->id,
				  .owner = a->owner,
				  .created = a->created,
				  .disabled = a->disabled,
				  .delegated = a->delegated,
				  .last_used = a->last_used,
				  .credentials = credentials};
}

void credential_to_row(struct credential *c, struct credential_row *row)
{
	*row = (struct credential_row){.id = c->id,
				       .agent = c->agent->id,
				       .issued = c->issued,
				       .not_before = c->not_before,
				       .expires = c->expires,
				       .revoked = c->revoked,
				       .last_used = c->last_used,
				       .issued_by = c->issued_by,
				       .revoked_by = c->revoked_by,
				       .replaces = c->replaces ? c->replaces->id : NULL,
				       .source = c->source};
	memcpy(row->key, c->x, KEY_BYTES);
}

bool credential_succeeds(const struct credential *later, const struct credential *earlier)
{
	while (later && later != earlier)
		later = later->replaces;
	return later != NULL;
}

bool credential_is_operators(const struct credential *c)
{
	return !strcmp(c->source, "operator");
}

size_t registry_some(struct registry *r, size_t *from, struct credential **into, size_t max)
{
	pthread_rwlock_rdlock(&r->lock);
	size_t n = r->credential_list.n < max ? r->credential_list.n : max;
	for (size_t i = 0; i < n; i++)
		into[i] = r->credential_list.items[(*from + i) % r->credential_list.n];
	*from = r->credential_list.n ? (*from + n) % r->credential_list.n : 0;
	pthread_rwlock_unlock(&r->lock);
	return n;
}
