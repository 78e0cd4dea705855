/* loop.c: one epoll loop with timers.
 *
 * Timers are a binary heap by due time, from slot 1; each timer knows its slot, so that moving and stopping
 * one costs no search.  The next due time is epoll_wait's timeout.  A round's events are kept in the loop, so
 * that loop_unwatch can strike those of a watch that is going away.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/loop.h"
#include "common/clock.h"
#include "common/io.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { ROUND = 256 };

struct loop {
	int epoll;
	bool stopped;
	struct epoll_event round[ROUND];
	int round_len;
	struct timer **heap; /* heap[1] is due first */
	size_t timers, cap;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return NULL;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	fd_close(&loop->epoll);
	free(loop->heap);
	free(loop);
}

bool loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
	if (watch->events == events)
		return true;
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int op = watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(loop->epoll, op, watch->fd, &event) < 0)
		return false;
	watch->events = events;
	return true;
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (!watch->events)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	for (int i = 0; i < loop->round_len; i++)
		if (loop->round[i].data.ptr == watch)
			loop->round[i].data.ptr = NULL;
}

static void place(struct loop *loop, struct timer *timer, size_t slot)
{
	loop->heap[slot] = timer;
	timer->slot = slot;
}

/* Move the timer at `slot` to where its due time belongs. */
static void settle(struct loop *loop, size_t slot)
{
	struct timer *timer = loop->heap[slot];
	for (; slot > 1 && loop->heap[slot / 2]->due > timer->due; slot /= 2)
		place(loop, loop->heap[slot / 2], slot);
	for (;;) {
		size_t child = slot * 2;
		if (child > loop->timers)
			break;
		if (child < loop->timers && loop->heap[child + 1]->due < loop->heap[child]->due)
			child++;
		if (loop->heap[child]->due >= timer->due)
			break;
		place(loop, loop->heap[child], slot);
		slot = child;
	}
	place(loop, timer, slot);
}

void loop_timer_set(struct loop *loop, struct timer *timer, int64_t ms)
{
	timer->due = clock_mono_ms() + (ms > 0 ? ms : 0);
	if (!timer->slot) {
		if (loop->timers + 2 > loop->cap) {
			size_t cap = loop->cap ? loop->cap * 2 : 64;
			struct timer **heap = realloc(loop->heap, cap * sizeof *heap);
			if (!heap)
				abort();
			loop->heap = heap;
			loop->cap = cap;
		}
		place(loop, timer, ++loop->timers);
	}
	settle(loop, timer->slot);
}

void loop_timer_stop(struct loop *loop, struct timer *timer)
{
	size_t slot = timer->slot;
	if (!slot)
		return;
	timer->slot = 0;
	struct timer *last = loop->heap[loop->timers--];
	if (last == timer)
		return;
	place(loop, last, slot);
	settle(loop, slot);
}

/* Fire what was due when called; a timer set to "at once" by a callback waits for the next round, so that
 * descriptors are never starved.  Returns how long to wait for the next one (-1: for ever). */
static int fire_due(struct loop *loop)
{
	int64_t now = clock_mono_ms();
	for (size_t budget = loop->timers; budget > 0 && loop->timers; budget--) {
		struct timer *timer = loop->heap[1];
		if (timer->due > now)
			break;
		loop_timer_stop(loop, timer);
		timer->fire(timer);
	}
	if (!loop->timers)
		return -1;
	int64_t wait = loop->heap[1]->due - clock_mono_ms();
	return wait <= 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int wait = fire_due(loop);
		if (loop->stopped)
			break;
		int count = epoll_wait(loop->epoll, loop->round, ROUND, wait);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		loop->round_len = count;
		for (int i = 0; i < count; i++) {
			struct watch *watch = loop->round[i].data.ptr;
			if (watch)
				watch->ready(watch, loop->round[i].events);
		}
		loop->round_len = 0;
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
