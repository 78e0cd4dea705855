/* live_table.h: the inside of live.h, shared by live.c (commands), live_poll.c (polls and deadlines)
 * and live_kill.c (kills).
 * Everything here is called with the lock held.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_LIVE_TABLE_H
#define WHOSH_COMMAND_LIVE_TABLE_H

#include "approver/command/live.h"
#include <pthread.h>

struct kill;

enum { KIND_COMMAND, KIND_POLL }; /* whose a timer is */
enum { DUE_BATCH = 1024, AGAIN_MS = 5000, TELL_AGAIN_MS = 1000 };

struct live_command {
	struct live_command *next; /* in its bucket */
	struct timer timer;        /* review timeout, or lease */
	struct credential *credential;
	struct poll *poll; /* that waits for it, with its neighbours there */
	struct live_command *poll_prev, *poll_next;
	char id[UUID_LEN], s256[S256_LEN], tail[TAIL_LEN]; /* not terminated */
	char from[ADDRESS_SIZE];                           /* "": not known */
	unsigned char state;                               /* enum live_state */
	bool taken;
	bool acknowledged;          /* of `killed` */
	bool has_model, has_parent; /* else empty */
	uint32_t round;             /* of `live`: the last poll's acknowledgement that named it alive */
	char session[UUID_LEN + 1], parent[UUID_LEN + 1];
	struct kill *killed; /* that it must be told of; a use of it */
	int64_t told;        /* mono, ms; 0: not yet */
	const char *lineage; /* behind `model`; NULL: its agent, owner and credential */
	char model[];
};

struct live {
	pthread_mutex_t lock;
	struct live_command **buckets;
	size_t n_buckets, count, max;
	size_t n_state[LIVE_STATES], n_polls;
	uint64_t secret;
	uint32_t round;
	struct timers timers;
	struct poll polls; /* head of the circular list of those that wait */
	bool ending;
	char due_ids[DUE_BATCH][UUID_LEN + 1]; /* of live_tick, which one thread calls */
	unsigned char due_states[DUE_BATCH];
};

struct live_command *live_find(struct live *live, const char *id);
void live_set_state(struct live *live, struct live_command *command, enum live_state state);
/* Take the command off its poll, which keeps waiting. */
void live_unhang(struct live_command *command);
void live_remove(struct live *live, struct live_command *command);
/* Wake the poll, once. */
void live_wake(struct poll *poll, struct poll **wake);
/* Must the command be told (again) that it is killed? */
bool live_order_due(const struct live_command *command, int64_t now);

#endif
