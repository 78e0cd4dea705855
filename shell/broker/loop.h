/* loop.h: one epoll loop with timers; the broker is a single thread and never blocks but here.
 *
 * A watch or a timer is embedded in the thing it belongs to (container_of leads back).  Either may be
 * removed, and its owner freed, from within any callback: events of the same round that are still waiting are
 * forgotten.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_LOOP_H
#define BROKER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct loop;

struct watch {
	int fd;
	uint32_t events; /* 0: not watched */
	void (*ready)(struct watch *watch, uint32_t events);
};

struct timer {
	int64_t due; /* clock_mono_ms */
	size_t slot; /* 0: not set */
	void (*fire)(struct timer *timer);
};

/* NULL with errno when there is no descriptor or memory left. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Watch watch->fd for `events` (EPOLLIN …), or change what it is watched for.  false with errno. */
bool loop_watch(struct loop *loop, struct watch *watch, uint32_t events);
/* Stop watching; before the descriptor is closed. */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Fire once in `ms` milliseconds (again: move it).  Aborts when out of memory: a broker without timers would
 * hang. */
void loop_timer_set(struct loop *loop, struct timer *timer, int64_t ms);
void loop_timer_stop(struct loop *loop, struct timer *timer);

/* Serve until loop_stop.  0, or -1 with errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
