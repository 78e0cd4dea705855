/* live_poll.c: polls that wait for commands, and the deadlines of both.
 *
 * A command and a poll share one wheel of timers; a timer's kind says which of the two it is part of.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live_table.h"
#include "common/clock.h"
#include "common/secure.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { SUPERSEDED_MS = 1000 };

void live_wake(struct poll *poll, struct poll **list)
{
	if (poll->woken)
		return;
	poll->woken = true;
	poll->wake_next = *list;
	*list = poll;
}

static bool usable(const struct live_command *command, const struct live_ref *ref)
{
	return secure_equal(command->tail, ref->tail, TAIL_LEN);
}

/* One that is said to run and does, or that is said to have left something behind and has. */
static bool holds_lease(enum live_named named, enum live_state state)
{
	return (named == REF_RUNNING || named == REF_LEFT) && (state == LIVE_RUNNING || state == LIVE_LEFT);
}

void live_look(struct live *live, struct live_ref *refs, size_t n, int64_t renew_ms)
{
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&live->lock);
	for (size_t i = 0; i < n; i++) {
		struct live_command *command = live_find(live, refs[i].id);
		refs[i].state = command ? command->state : LIVE_ABSENT;
		refs[i].trusted = command && usable(command, &refs[i]);
		if (renew_ms && refs[i].trusted && holds_lease(refs[i].named, command->state))
			timer_set(&live->timers, &command->timer, now + renew_ms);
	}
	pthread_mutex_unlock(&live->lock);
}

/* The command now belongs to this poll.  One that has nothing left to wait for is answered soon, not at once:
 * a broker that answers an answer with a new poll must not be sent round in circles. */
static void hang(struct live *live, struct poll *poll, struct live_command *command, int64_t now)
{
	struct poll *before = command->poll;
	if (before == poll)
		return;
	live_unhang(command);
	if (before && !before->n && !before->woken && before->timer.deadline > now + SUPERSEDED_MS)
		timer_set(&live->timers, &before->timer, now + SUPERSEDED_MS);
	command->poll = poll;
	command->poll_next = poll->first;
	if (poll->first)
		poll->first->poll_prev = command;
	poll->first = command;
	poll->n++;
}

void live_wait(struct live *live, struct poll *poll, const struct live_ref *refs, size_t n, int64_t ms,
	       struct poll **list)
{
	int64_t now = clock_mono_ms();
	bool again = false;
	pthread_mutex_lock(&live->lock);
	poll->prev = live->polls.prev;
	poll->next = &live->polls;
	poll->prev->next = poll;
	live->polls.prev = poll;
	live->n_polls++;
	poll->timer.kind = KIND_POLL;
	timer_set(&live->timers, &poll->timer, now + ms);
	for (size_t i = 0; i < n; i++) {
		if (!refs[i].trusted || refs[i].named == REF_KILLED)
			continue;
		struct live_command *command = live_find(live, refs[i].id);
		if (refs[i].named == REF_PENDING) {
			if (command && (command->state == LIVE_DECIDING || command->state == LIVE_PENDING))
				hang(live, poll, command, now);
			else
				poll->missed = true;
		} else if (command && holds_lease(refs[i].named, command->state)) {
			hang(live, poll, command, now);
			poll->missed = poll->missed || live_order_due(command, now);
			again = again || (command->killed && !command->acknowledged);
		}
	}
	if (again && ms > TELL_AGAIN_MS) { /* told, and not acknowledged: look again soon */
		timer_set(&live->timers, &poll->timer, now + TELL_AGAIN_MS);
		poll->again = true;
	}
	if (poll->missed || live->ending)
		live_wake(poll, list);
	pthread_mutex_unlock(&live->lock);
}

void live_leave(struct live *live, struct poll *poll, int64_t renew_ms)
{
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&live->lock);
	while (poll->first) {
		struct live_command *command = poll->first;
		if (renew_ms && !poll->gone && !command->taken &&
		    (command->state == LIVE_RUNNING || command->state == LIVE_LEFT))
			timer_set(&live->timers, &command->timer, now + renew_ms);
		live_unhang(command);
	}
	if (poll->next) {
		poll->prev->next = poll->next;
		poll->next->prev = poll->prev;
		poll->prev = poll->next = NULL;
		live->n_polls--;
	}
	timer_clear(&poll->timer);
	pthread_mutex_unlock(&live->lock);
}

void live_decided(struct live *live, const char *id, bool approved, const struct buf *permit, int64_t ms,
		  struct poll **list)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (!command) {
		pthread_mutex_unlock(&live->lock);
		return;
	}
	if (command->poll) {
		struct buf *out = &command->poll->permits;
		buf_addc(out, '"');
		buf_add(out, id, UUID_LEN);
		buf_adds(out, "\":\"");
		buf_add(out, permit->data, permit->len);
		buf_adds(out, "\",");
		live_wake(command->poll, list);
	}
	if (approved) {
		live_unhang(command);
		command->taken = false;
		live_set_state(live, command, LIVE_RUNNING);
		timer_set(&live->timers, &command->timer, clock_mono_ms() + ms);
	} else {
		live_remove(live, command);
	}
	pthread_mutex_unlock(&live->lock);
}

struct due {
	struct live *live;
	struct poll **list;
	size_t n;
	int64_t now;
};

static void due_now(struct timer *timer, void *arg)
{
	struct due *due = arg;
	if (timer->kind == KIND_POLL) {
		live_wake((struct poll *)((char *)timer - offsetof(struct poll, timer)), due->list);
		return;
	}
	struct live_command *command =
	    (struct live_command *)((char *)timer - offsetof(struct live_command, timer));
	timer_set(&due->live->timers, timer, due->now + AGAIN_MS);
	if (command->taken || due->n == DUE_BATCH)
		return;
	memcpy(due->live->due_ids[due->n], command->id, UUID_LEN);
	due->live->due_ids[due->n][UUID_LEN] = '\0';
	due->live->due_states[due->n++] = command->state;
}

/* What is due is copied out under the lock, a batch at a time, and acted on without it; more than a batch
 * waits for the next round of its timer. */
void live_tick(struct live *live, void (*fn)(const char *id, enum live_state state, void *arg), void *arg,
	       struct poll **list)
{
	struct due due = {live, list, 0, clock_mono_ms()};
	pthread_mutex_lock(&live->lock);
	timers_run(&live->timers, due.now, due_now, &due);
	pthread_mutex_unlock(&live->lock);
	for (size_t i = 0; i < due.n; i++)
		fn(live->due_ids[i], live->due_states[i], arg);
}

/* A suspended connection is not watched by the HTTP library: a host that went away would keep its socket
 * until the poll's time is over, and one that changes its mind often would keep many. */
void live_hung_up(struct live *live, struct poll **list)
{
	pthread_mutex_lock(&live->lock);
	struct pollfd *fds = live->n_polls ? calloc(live->n_polls, sizeof *fds) : NULL;
	nfds_t n = 0;
	if (fds) {
		for (struct poll *poll = live->polls.next; poll != &live->polls; poll = poll->next)
			fds[n++] = (struct pollfd){.fd = poll->woken ? -1 : poll->fd, .events = POLLRDHUP};
		if (poll(fds, n, 0) > 0) {
			size_t i = 0;
			for (struct poll *poll = live->polls.next; poll != &live->polls;
			     poll = poll->next, i++)
				if (fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) {
					poll->gone = true;
					live_wake(poll, list);
				}
		}
	}
	pthread_mutex_unlock(&live->lock);
	free(fds);
}

void live_wake_all(struct live *live, struct poll **list)
{
	pthread_mutex_lock(&live->lock);
	live->ending = true;
	for (struct poll *poll = live->polls.next; poll != &live->polls; poll = poll->next)
		live_wake(poll, list);
	pthread_mutex_unlock(&live->lock);
}
