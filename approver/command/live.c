/* live.c: the table of live commands.
 *
 * Open hashing on the random half of a UUIDv7, mixed with a secret so that an agent cannot choose its bucket;
 * the table doubles when it has as many entries as buckets.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live.h"
#include "approver/kill/kills.h"
#include "approver/command/live_table.h"
#include "common/clock.h"
#include "common/secure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct live *live_new(size_t max)
{
	struct live *live = calloc(1, sizeof *live);
	if (!live)
		return NULL;
	live->max = max;
	live->n_buckets = 1024;
	live->buckets = calloc(live->n_buckets, sizeof *live->buckets);
	if (!live->buckets) {
		free(live);
		return NULL;
	}
	pthread_mutex_init(&live->lock, NULL);
	secure_random(&live->secret, sizeof live->secret);
	live->secret |= 1;
	timers_init(&live->timers, clock_mono_ms());
	live->polls.prev = live->polls.next = &live->polls;
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < live->n_buckets; i++) {
		while (live->buckets[i]) {
			struct live_command *command = live->buckets[i];
			live->buckets[i] = command->next;
			kill_release(command->killed);
			free(command);
		}
	}
	free(live->buckets);
	pthread_mutex_destroy(&live->lock);
	free(live);
}

static size_t bucket_of(const struct live *live, const char *id, size_t n_buckets)
{
	uint64_t h = 0, part;
	for (int i = 4; i < 36; i += 8) {
		memcpy(&part, id + i, sizeof part);
		h = (h ^ part) * live->secret;
		h ^= h >> 29;
	}
	return (size_t)h & (n_buckets - 1);
}

struct live_command *live_find(struct live *live, const char *id)
{
	struct live_command *command = live->buckets[bucket_of(live, id, live->n_buckets)];
	while (command && memcmp(command->id, id, UUID_LEN) != 0)
		command = command->next;
	return command;
}

static void grow(struct live *live)
{
	size_t n = live->n_buckets * 2;
	struct live_command **buckets = calloc(n, sizeof *buckets);
	if (!buckets) /* longer chains will do */
		return;
	for (size_t i = 0; i < live->n_buckets; i++) {
		while (live->buckets[i]) {
			struct live_command *command = live->buckets[i];
			live->buckets[i] = command->next;
			size_t b = bucket_of(live, command->id, n);
			command->next = buckets[b];
			buckets[b] = command;
		}
	}
	free(live->buckets);
	live->buckets = buckets;
	live->n_buckets = n;
}

static struct live_command *insert(struct live *live, const char *id, const char *command_s256,
				   const char *tail, const char *from, struct credential *credential,
				   const struct live_about *about)
{
	size_t model = about->model ? strlen(about->model) + 1 : 0,
	       lineage = about->lineage ? strlen(about->lineage) + 1 : 0;
	struct live_command *command = calloc(1, sizeof *command + model + lineage);
	if (!command)
		return NULL;
	snprintf(command->session, sizeof command->session, "%s", about->session ? about->session : "");
	snprintf(command->parent, sizeof command->parent, "%s", about->parent ? about->parent : "");
	command->has_parent = about->parent != NULL;
	command->has_model = about->model != NULL;
	if (model)
		memcpy(command->model, about->model, model);
	if (lineage)
		command->lineage = memcpy(command->model + model, about->lineage, lineage);
	if (live->count >= live->n_buckets)
		grow(live);
	memcpy(command->id, id, UUID_LEN);
	memcpy(command->s256, command_s256, S256_LEN);
	memcpy(command->tail, tail, TAIL_LEN);
	snprintf(command->from, sizeof command->from, "%s", from);
	command->credential = credential;
	command->state = LIVE_DECIDING;
	live->n_state[LIVE_DECIDING]++;
	command->timer.kind = KIND_COMMAND;
	size_t b = bucket_of(live, id, live->n_buckets);
	command->next = live->buckets[b];
	live->buckets[b] = command;
	live->count++;
	return command;
}

void live_set_state(struct live *live, struct live_command *command, enum live_state state)
{
	live->n_state[command->state]--;
	command->state = (unsigned char)state;
	live->n_state[state]++;
}

void live_unhang(struct live_command *command)
{
	struct poll *poll = command->poll;
	if (!poll)
		return;
	if (command->poll_prev)
		command->poll_prev->poll_next = command->poll_next;
	else
		poll->first = command->poll_next;
	if (command->poll_next)
		command->poll_next->poll_prev = command->poll_prev;
	command->poll = NULL;
	command->poll_prev = command->poll_next = NULL;
	poll->n--;
}

void live_remove(struct live *live, struct live_command *command)
{
	struct live_command **at = &live->buckets[bucket_of(live, command->id, live->n_buckets)];
	while (*at != command)
		at = &(*at)->next;
	*at = command->next;
	timer_clear(&command->timer);
	live_unhang(command);
	live->n_state[command->state]--;
	live->count--;
	kill_release(command->killed);
	free(command);
}

enum live_claim live_claim(struct live *live, const char *id, const char *command_s256, const char *tail,
			   const char *from, struct credential *credential, const struct live_about *about,
			   enum live_state *state)
{
	enum live_claim claim = LIVE_CLAIMED;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		*state = command->state;
		claim = memcmp(command->s256, command_s256, S256_LEN) ? LIVE_OTHER_BYTES : LIVE_SAME;
	} else if (live->count >= live->max ||
		   !insert(live, id, command_s256, tail, from, credential, about)) {
		claim = LIVE_FULL;
	}
	pthread_mutex_unlock(&live->lock);
	return claim;
}

bool live_restore(struct live *live, const char *id, const char *command_s256, const char *tail,
		  struct credential *credential, const struct live_about *about, enum live_state state,
		  int64_t ms)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id) || (state == LIVE_LEFT && live->count >= live->max)
					   ? NULL
					   : insert(live, id, command_s256, tail, "", credential, about);
	if (command) {
		live_set_state(live, command, state);
		timer_set(&live->timers, &command->timer, clock_mono_ms() + (ms > 0 ? ms : 0));
	}
	pthread_mutex_unlock(&live->lock);
	return command != NULL;
}

static void become(struct live *live, const char *id, enum live_state state, int64_t ms)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		live_set_state(live, command, state);
		command->taken = false;
		timer_set(&live->timers, &command->timer, clock_mono_ms() + ms);
	}
	pthread_mutex_unlock(&live->lock);
}

void live_set_pending(struct live *live, const char *id, int64_t ms)
{
	become(live, id, LIVE_PENDING, ms);
}

void live_set_running(struct live *live, const char *id, int64_t ms)
{
	become(live, id, LIVE_RUNNING, ms);
}

void live_forget(struct live *live, const char *id)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command)
		live_remove(live, command);
	pthread_mutex_unlock(&live->lock);
}

enum live_take live_take(struct live *live, const char *id, enum live_state want)
{
	enum live_take result = LIVE_NOT;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command && (command->taken || command->state == LIVE_DECIDING)) {
		result = LIVE_BUSY;
	} else if (command && command->state == want) {
		command->taken = true;
		result = LIVE_TOOK;
	}
	pthread_mutex_unlock(&live->lock);
	return result;
}

enum live_state live_peek(struct live *live, const char *id, struct credential **credential,
			  char command_s256[S256_LEN + 1])
{
	enum live_state state = LIVE_ABSENT;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		state = command->state;
		*credential = command->credential;
		memcpy(command_s256, command->s256, S256_LEN);
		command_s256[S256_LEN] = '\0';
	}
	pthread_mutex_unlock(&live->lock);
	return state;
}

enum live_state live_sent_from(struct live *live, const char *id, const char *address, bool *same)
{
	enum live_state state = LIVE_ABSENT;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		state = command->state;
		*same = !strcmp(command->from, address);
	}
	pthread_mutex_unlock(&live->lock);
	return state;
}

void live_give_back(struct live *live, const char *id)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command)
		command->taken = false;
	pthread_mutex_unlock(&live->lock);
}

void live_count(struct live *live, int64_t *pending, int64_t *running, int64_t *polls)
{
	pthread_mutex_lock(&live->lock);
	*pending = (int64_t)live->n_state[LIVE_PENDING];
	*running = (int64_t)live->n_state[LIVE_RUNNING];
	*polls = (int64_t)live->n_polls;
	pthread_mutex_unlock(&live->lock);
}
