/* kills.c: the kills in force; see kills.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kills.h"
#include "common/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARENTS = 64 };

struct kills {
	pthread_mutex_t lock;
	struct kill *first;
	_Atomic int64_t n;
	_Atomic int64_t descending; /* of them, those that reach through parents */
};

struct kills *kills_new(void)
{
	struct kills *kills = calloc(1, sizeof *kills);
	if (kills)
		pthread_mutex_init(&kills->lock, NULL);
	return kills;
}

void kills_free(struct kills *kills)
{
	if (!kills)
		return;
	while (kills->first) {
		struct kill *kill = kills->first;
		kills->first = kill->next;
		kill_release(kill);
	}
	pthread_mutex_destroy(&kills->lock);
	free(kills);
}

static bool over(const struct kill *kill, int64_t now)
{
	int64_t expires = kill->expires;
	return expires && now >= expires;
}

/* ── under the lock ────────────────────────────────────────────────────────────────────────────────────── */

static void unlink_at(struct kills *kills, struct kill **at)
{
	struct kill *kill = *at;
	*at = kill->next;
	kills->n--;
	kills->descending -= kill_descends(kill->kind);
	kill_release(kill);
}

/* Forget those whose time is over. */
static void purge(struct kills *kills, int64_t now)
{
	struct kill **at = &kills->first;
	while (*at)
		if (over(*at, now))
			unlink_at(kills, at);
		else
			at = &(*at)->next;
}

static void lock_in_force(struct kills *kills)
{
	pthread_mutex_lock(&kills->lock);
	purge(kills, clock_wall_ms());
}

/* ── finding ───────────────────────────────────────────────────────────────────────────────────────────── */

bool kills_any(struct kills *kills)
{
	return atomic_load_explicit(&kills->n, memory_order_acquire) != 0;
}

int64_t kills_count(struct kills *kills)
{
	if (!kills_any(kills))
		return 0;
	lock_in_force(kills);
	int64_t n = kills->n;
	pthread_mutex_unlock(&kills->lock);
	return n;
}

/* The commands around a command, the nearest first. */
struct parents {
	size_t n;
	bool too_many;
	struct {
		char id[UUID_LEN + 1], session[UUID_LEN + 1];
	} at[MAX_PARENTS];
};

static int read_parents(struct parents *parents, const char *parent, struct store_reader *reader)
{
	char next[UUID_LEN + 1] = "";
	parents->n = 0;
	parents->too_many = false;
	if (parent && strlen(parent) == UUID_LEN)
		memcpy(next, parent, sizeof next);
	while (next[0]) {
		for (size_t i = 0; i < parents->n; i++)
			if (!strcmp(parents->at[i].id, next))
				return 0; /* round in a circle: all of it was seen */
		if (parents->n == MAX_PARENTS) {
			parents->too_many = true;
			return 0;
		}
		size_t i = parents->n++;
		memcpy(parents->at[i].id, next, sizeof next);
		parents->at[i].session[0] = '\0';
		int found = store_parent(reader, parents->at[i].id, parents->at[i].session, next);
		if (found != 1)
			return found;
	}
	return 0;
}

static bool among_parents(const struct kill *kill, const struct parents *parents)
{
	if (!kill_descends(kill->kind))
		return false;
	for (size_t i = 0; i < parents->n; i++)
		if (!strcmp(kill->name,
			    kill->kind == KILL_COMMAND ? parents->at[i].id : parents->at[i].session))
			return true;
	return parents->too_many;
}

int kill_matches_parents(const struct kill *kill, const char *parent, struct store_reader *reader)
{
	struct parents parents;
	if (!reader || read_parents(&parents, parent, reader))
		return -1;
	return among_parents(kill, &parents);
}

int kills_find(struct kills *kills, const struct kill_subject *subject, struct store_reader *reader,
	       struct kill **found)
{
	struct parents parents = {.n = 0};
	*found = NULL;
	/* The store is read before, not under, the lock. */
	if (kills->descending && subject->parent &&
	    (!reader || read_parents(&parents, subject->parent, reader)))
		return -1;
	lock_in_force(kills);
	struct kill *kill = kills->first;
	while (kill && !kill_matches(kill, subject) && !among_parents(kill, &parents))
		kill = kill->next;
	if (kill)
		*found = kill_hold(kill);
	pthread_mutex_unlock(&kills->lock);
	return kill != NULL;
}

struct kill *kills_get(struct kills *kills, enum kill_kind kind, const char *name)
{
	lock_in_force(kills);
	struct kill *kill = kills->first;
	while (kill && (kill->kind != kind || strcmp(kill->name, name) != 0))
		kill = kill->next;
	if (kill)
		kill_hold(kill);
	pthread_mutex_unlock(&kills->lock);
	return kill;
}

struct kill *kills_by_id(struct kills *kills, const char *id)
{
	lock_in_force(kills);
	struct kill *kill = kills->first;
	while (kill && strcmp(kill->id, id) != 0)
		kill = kill->next;
	if (kill)
		kill_hold(kill);
	pthread_mutex_unlock(&kills->lock);
	return kill;
}

int kills_each(struct kills *kills, void (*fn)(struct kill *kill, void *arg), void *arg)
{
	lock_in_force(kills);
	size_t n = 0, room = (size_t)kills->n;
	struct kill **list = room ? calloc(room, sizeof *list) : NULL;
	for (struct kill *kill = kills->first; list && kill; kill = kill->next)
		list[n++] = kill_hold(kill);
	pthread_mutex_unlock(&kills->lock);
	for (size_t i = 0; i < n; i++) {
		fn(list[i], arg);
		kill_release(list[i]);
	}
	free(list);
	return room && !list ? -1 : 0;
}

/* ── changing ──────────────────────────────────────────────────────────────────────────────────────────── */

void kills_add(struct kills *kills, struct kill *kill)
{
	lock_in_force(kills);
	kill->next = kills->first;
	kills->first = kill_hold(kill);
	kills->descending += kill_descends(kill->kind);
	kills->n++;
	pthread_mutex_unlock(&kills->lock);
}

void kills_remove(struct kills *kills, const char *id)
{
	lock_in_force(kills);
	struct kill **at = &kills->first;
	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	if (*at)
		unlink_at(kills, at);
	pthread_mutex_unlock(&kills->lock);
}
