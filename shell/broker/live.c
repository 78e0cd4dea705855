/* live.c: one long poll for all of a host's commands.
 *
 * A poll names the commands as they were when it was sent.  When one is added, a new poll is sent beside the
 * old one; what either brings is good.  Two may be under way; a third replaces the older.  Changes are
 * gathered: the first is sent after SOON_MS, and so are later ones while there are FEW; with more, at most
 * one in GATHER_MS, so that a thousand shells that start to wait together cost a few polls.  Removing one
 * needs no poll: what the approver says of it is ignored.
 *
 * A pending command must be in a poll to get its decision, a running one to be killed.  Most commands end
 * before they have run for NAME_MS, and never appear here on the network at all.  An order to kill is
 * acknowledged at once, by a poll of its own where none is due.
 *
 * Leases.  What was named in a poll that is answered is confirmed (live_answer.c); each entry has a timer for
 * the time after which it is not any more, whatever becomes of the polls.  So that a lease is renewed in
 * time, a poll waits for half of the shortest one at most, is given up soon after, and is tried again within
 * a quarter of it; and the first poll after a failure does not wait, so that an approver that is back says
 * so.
 *
 * Entries sit in a hash table by ID; the whole set is walked only to build a poll, and when one was answered.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/log.h"
#include "shell/broker/live_inner.h"
#include <stdlib.h>
#include <string.h>

enum {
	SOON_MS = 10,
	GATHER_MS = 200,
	FEW = 16,             /* commands that are not gathered for */
	NAME_MS = 400,        /* how long a command runs before it is named */
	IDLE_MS = 1000,       /* between polls that bring nothing and do not wait either */
	LONGEST_WAIT = 15000, /* between tries while the approver is away */
	WAIT_S = 25,
	MARGIN_MS = 10000,
	LEAST_MARGIN_MS = 1000,
	ANSWER_MAX = 64 << 20
};

static size_t bucket_of(const char *id)
{
	uint32_t hash = 2166136261u;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash % LIVE_BUCKETS;
}

struct live_entry *live_find(const struct live *live, const char *id)
{
	struct live_entry *entry = live->bucket[bucket_of(id)];
	while (entry && strcmp(entry->id, id) != 0)
		entry = entry->next;
	return entry;
}

/* Have the timer fire within `ms`. */
static void plan(struct live *live, int64_t ms)
{
	if (!live->due.slot || live->due.due > clock_mono_ms() + ms)
		loop_timer_set(live->broker->loop, &live->due, ms);
}

/* The same for something new, unless the approver is away and will be tried again. */
static void plan_new(struct live *live, int64_t ms)
{
	if (!live->tries || !live->due.slot)
		plan(live, ms);
}

/* A few commands, such as a session's one after the other, cost few polls in any case. */
static int64_t gathering(const struct live *live)
{
	int64_t since = clock_mono_ms() - live->last_sent;
	return since >= GATHER_MS || live->listed <= FEW ? SOON_MS : GATHER_MS - since;
}

static void list(struct live *live, struct live_entry *entry, enum live_kind kind)
{
	if (entry->kind == LIVE_NONE) {
		struct live_entry **at = &live->bucket[bucket_of(entry->id)];
		entry->next = *at;
		entry->back = at;
		if (entry->next)
			entry->next->back = &entry->next;
		*at = entry;
		live->listed++;
	}
	if (kind != LIVE_LEFT)
		entry->since = clock_mono_ms();
	entry->live = live;
	entry->kind = kind;
	entry->covered = 0;
}

static void lapse_fired(struct timer *timer)
{
	struct live_entry *entry = container_of(timer, struct live_entry, lapse);
	int64_t silence = clock_mono_ms() - entry->confirmed;
	if (silence < entry->lease_ms)
		loop_timer_set(entry->live->broker->loop, timer, entry->lease_ms - silence);
	else if (entry->kind == LIVE_OVER)
		entry->over(entry);
	else
		entry->lapsed(entry, silence);
}

void live_pending(struct live *live, struct live_entry *entry)
{
	list(live, entry, LIVE_PENDING);
	plan_new(live, gathering(live));
}

void live_running(struct live *live, struct live_entry *entry, int64_t lease_ms)
{
	list(live, entry, LIVE_RUNNING);
	entry->confirmed = entry->since;
	entry->lease_ms = lease_ms;
	entry->lapse.fire = lapse_fired;
	loop_timer_set(live->broker->loop, &entry->lapse, lease_ms);
	plan_new(live, NAME_MS);
}

void live_left(struct live *live, struct live_entry *entry)
{
	list(live, entry, LIVE_LEFT);
	plan_new(live, gathering(live));
}

void live_over(struct live *live, struct live_entry *entry)
{
	entry->kind = LIVE_OVER;
	entry->acknowledged = false;
	entry->ordered = live->number;
	entry->confirmed = clock_mono_ms();
	loop_timer_set(live->broker->loop, &entry->lapse, entry->lease_ms);
	plan_new(live, 0);
}

void live_unlist(struct live *live, struct live_entry *entry)
{
	if (entry->kind == LIVE_NONE)
		return;
	*entry->back = entry->next;
	if (entry->next)
		entry->next->back = entry->back;
	entry->kind = LIVE_NONE;
	loop_timer_stop(live->broker->loop, &entry->lapse);
	live->listed--;
	if (!live->listed)
		loop_timer_stop(live->broker->loop, &live->due);
}

/* The shortest lease to be renewed. */
static int64_t shortest_lease(const struct live *live)
{
	int64_t shortest = live->lease_ms;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next)
			if (entry->kind != LIVE_PENDING && entry->lease_ms < shortest)
				shortest = entry->lease_ms;
	return shortest;
}

/* ── answers ── */

static void later(struct live *live, const char *error)
{
	if (!live->tries++)
		log_line(LOG_LEVEL_WARNING, "the live poll fails", "error", error, NULL);
	int64_t wait = retry_background(live->tries, LONGEST_WAIT), most = shortest_lease(live) / 4;
	plan(live, wait < most ? wait : most);
}

static void answered(void *arg, const struct answer *answer)
{
	struct poll *poll = arg;
	struct live *live = poll->live;
	int64_t took = clock_mono_ms() - poll->sent;
	poll->call = NULL;
	buf_finish(&poll->body);
	if (answer->failure != FAILURE_NONE || answer->status != 200) {
		struct buf words BUF_AUTO = BUF_INIT;
		answer_explain(answer, &words);
		if (live->listed)
			later(live, words.data);
		return;
	}
	int count = live_hand_out(live, poll, answer->body);
	if (count < 0) {
		later(live, "the answer cannot be understood");
		return;
	}
	if (live->tries)
		log_line(LOG_LEVEL_INFO, "the live poll works again", NULL);
	live->tries = 0;
	int64_t idle = shortest_lease(live) / 4;
	idle = idle < IDLE_MS ? idle : IDLE_MS;
	if (live->listed)
		plan(live, count == 0 && took < idle ? idle : 0);
}

/* ── polls ── */

/* How long a poll may wait: half of a lease, and no longer than until three quarters of it are over since it
 * was confirmed (polls that are replaced by newer ones confirm nothing). */
static int64_t patience(const struct live *live)
{
	int64_t now = clock_mono_ms(), wait = shortest_lease(live) / 2;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			int64_t left = entry->lease_ms * 3 / 4 - (now - entry->confirmed);
			if (entry->kind != LIVE_PENDING && left < wait)
				wait = left;
		}
	return wait < 0 || live->tries ? 0 : wait;
}

static bool in_pending(const struct live_entry *entry)
{
	return entry->kind == LIVE_PENDING;
}

static bool in_running(const struct live_entry *entry)
{
	return entry->kind == LIVE_RUNNING;
}

static bool in_left(const struct live_entry *entry)
{
	return entry->kind == LIVE_LEFT;
}

static bool in_killed(const struct live_entry *entry)
{
	return entry->killed && !entry->acknowledged;
}

static void add_all(const struct live *live, struct buf *out, const char *name,
		    bool (*in)(const struct live_entry *))
{
	bool any = false;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			if (!in(entry))
				continue;
			if (!any)
				buf_addf(out, "\"%s\":[", name);
			buf_addf(out, "%s\"%s:%s\"", any ? "," : "", entry->id, entry->tail);
			any = true;
		}
	if (any)
		buf_adds(out, "],");
}

/* When is a poll to be sent: 0: now; else in so many ms; -1: not before one that is under way ends.  *urgent:
 * somebody waits for an acknowledgement. */
static int64_t wanted(const struct live *live, bool *urgent)
{
	int64_t now = clock_mono_ms(), oldest_poll = INT64_MAX, wait = -1;
	uint64_t newest = 0;
	for (int i = 0; i < 2; i++)
		if (live->polls[i].call) {
			if (live->polls[i].sent < oldest_poll)
				oldest_poll = live->polls[i].sent;
			if (live->polls[i].number > newest)
				newest = live->polls[i].number;
		}
	*urgent = false;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			if (in_killed(entry) && newest <= entry->ordered)
				*urgent = true;
			if (entry->covered >= oldest_poll)
				continue; /* named by a poll that is under way */
			int64_t due = entry->kind == LIVE_RUNNING ? entry->since + NAME_MS - now : 0;
			if (due < 0)
				due = 0;
			if (wait < 0 || due < wait)
				wait = due;
		}
	if (*urgent)
		return 0;
	/* Something that is already waited for is not replaced by each newcomer. */
	int64_t since = now - live->last_sent;
	return wait == 0 && oldest_poll != INT64_MAX && since < GATHER_MS ? GATHER_MS - since : wait;
}

static void send_poll(struct live *live)
{
	struct poll *poll = &live->polls[0];
	if (poll->call && (!live->polls[1].call || live->polls[1].sent < poll->sent))
		poll = &live->polls[1];
	if (poll->call)
		client_cancel(poll->call);
	poll->call = NULL;
	buf_finish(&poll->body);
	int64_t lease = shortest_lease(live), margin = lease / 4;
	int64_t wait_s = patience(live) / 1000;
	wait_s = wait_s > WAIT_S ? WAIT_S : wait_s;
	margin = margin < LEAST_MARGIN_MS ? LEAST_MARGIN_MS : margin > MARGIN_MS ? MARGIN_MS : margin;
	buf_addc(&poll->body, '{');
	add_all(live, &poll->body, "pending", in_pending);
	add_all(live, &poll->body, "running", in_running);
	add_all(live, &poll->body, "left", in_left);
	add_all(live, &poll->body, "killed", in_killed);
	buf_addf(&poll->body, "\"wait_s\":%lld}", (long long)wait_s);
	poll->sent = live->last_sent = clock_mono_ms();
	poll->wait_ms = wait_s * 1000;
	poll->number = ++live->number;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (struct live_entry *entry = live->bucket[i]; entry; entry = entry->next)
			entry->covered = poll->sent;
	struct client_request request = {.method = "POST",
					 .path = "/v1/live",
					 .type = "application/json",
					 .body = poll->body.data,
					 .len = poll->body.len,
					 .flags = CLIENT_AHEAD,
					 .timeout_ms = poll->wait_ms + margin,
					 .max = ANSWER_MAX};
	if (!poll->body.failed)
		poll->call = client_call(live->broker->client, &request, answered, poll);
	if (!poll->call)
		later(live, "out of memory");
}

static void due_fired(struct timer *timer)
{
	struct live *live = container_of(timer, struct live, due);
	if (!live->listed)
		return;
	bool urgent;
	int64_t wait = wanted(live, &urgent);
	if (wait == 0)
		send_poll(live);
	else if (wait > 0)
		plan(live, wait);
}

struct live *live_poll_new(struct broker *broker)
{
	struct live *live = calloc(1, sizeof *live);
	if (!live)
		return NULL;
	live->broker = broker;
	live->due.fire = due_fired;
	live->lease_ms = 30000;
	live->last_sent = clock_mono_ms() - GATHER_MS;
	live->polls[0].live = live->polls[1].live = live;
	return live;
}

void live_poll_free(struct live *live)
{
	if (!live)
		return;
	for (int i = 0; i < 2; i++) {
		if (live->polls[i].call)
			client_cancel(live->polls[i].call);
		buf_finish(&live->polls[i].body);
	}
	loop_timer_stop(live->broker->loop, &live->due);
	free(live);
}
