/* timers.c: the wheel of deadlines.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/timers.h"
#include <stddef.h>

static struct timer *slot_of(struct timers *timers, int64_t tick)
{
	return &timers->slots[(uint64_t)tick % TIMER_SLOTS];
}

static void hang(struct timer *head, struct timer *timer)
{
	timer->prev = head->prev;
	timer->next = head;
	head->prev->next = timer;
	head->prev = timer;
}

void timers_init(struct timers *timers, int64_t now)
{
	for (int i = 0; i < TIMER_SLOTS; i++)
		timers->slots[i].prev = timers->slots[i].next = &timers->slots[i];
	timers->tick = now / TIMER_TICK_MS;
}

void timer_clear(struct timer *timer)
{
	if (!timer->next)
		return;
	timer->prev->next = timer->next;
	timer->next->prev = timer->prev;
	timer->prev = timer->next = NULL;
}

void timer_set(struct timers *timers, struct timer *timer, int64_t deadline)
{
	timer_clear(timer);
	timer->deadline = deadline;
	/* Rounded up, and never into a slot that this turn has passed. */
	int64_t tick = deadline / TIMER_TICK_MS + 1;
	hang(slot_of(timers, tick > timers->tick ? tick : timers->tick + 1), timer);
}

void timers_run(struct timers *timers, int64_t now, void (*fn)(struct timer *timer, void *arg), void *arg)
{
	int64_t until = now / TIMER_TICK_MS;
	if (until - timers->tick > TIMER_SLOTS) /* asleep for more than a turn: one turn visits every slot */
		timers->tick = until - TIMER_SLOTS;
	while (timers->tick < until) {
		timers->tick++;
		struct timer *head = slot_of(timers, timers->tick);
		/* Those of later turns, and those that fn sets again, are hung behind; the marker ends this
		 * visit. */
		struct timer marker;
		hang(head, &marker);
		while (head->next != &marker) {
			struct timer *timer = head->next;
			timer_clear(timer);
			if (timer->deadline <= now)
				fn(timer, arg);
			else
				hang(head, timer);
		}
		timer_clear(&marker);
	}
}
