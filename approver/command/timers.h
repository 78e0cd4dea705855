/* timers.h: many deadlines, looked at a quarter of a second at a time.
 *
 * A hashed wheel: a deadline hangs in the slot of its tick, whatever turn of the wheel it belongs to; each
 * tick visits one slot and takes what is due.  Setting and clearing cost a few pointer writes, so a lease
 * that is renewed every 25 s or a command that is decided at once costs nothing to speak of.  No allocation:
 * a timer is part of what it times.  Not locked: its owner's lock covers it.  Times are clock_mono_ms.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_TIMERS_H
#define WHOSH_COMMAND_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum { TIMER_TICK_MS = 250, TIMER_SLOTS = 1024 };

struct timer {
	struct timer *prev, *next; /* NULL when not set */
	int64_t deadline;
	int kind; /* its owner's, who sets it once */
};

struct timers {
	struct timer slots[TIMER_SLOTS]; /* heads of circular lists */
	int64_t tick;                    /* the last tick that was visited */
};

void timers_init(struct timers *timers, int64_t now);
/* Set or move. */
void timer_set(struct timers *timers, struct timer *timer, int64_t deadline);
void timer_clear(struct timer *timer);
/* Call fn for each timer that is due; it is no longer set then, and fn may set it again or free its owner. */
void timers_run(struct timers *timers, int64_t now, void (*fn)(struct timer *timer, void *arg), void *arg);

#endif
