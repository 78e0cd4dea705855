/* live.c: one long poll for all of a host's commands.
 *
 * A poll names the commands as they were when it was sent.  When one is added, a new poll is sent beside the
 * old one; what either brings is good.  Two may be under way; a third replaces the older.  Changes are
 * gathered: the first is sent after SOON_MS, later ones at most once in GATHER_MS, so that a thousand shells
 * that start to wait together cost a few polls.  Removing one needs no poll: what the approver says of it is
 * ignored.
 *
 * A pending command must be in a poll to get its decision; a running one only needs a sign of life each third
 * of its lease.  Most commands end before that, and never appear here on the network at all.
 *
 * Entries sit in a hash table by ID; the whole set is walked only to build a poll.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/live.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 1024,
	SOON_MS = 10,
	GATHER_MS = 200,
	IDLE_MS = 1000,       /* between polls that bring nothing and do not wait either */
	LONGEST_WAIT = 15000, /* between tries while the approver is away */
	WAIT_S = 25,
	MARGIN_MS = 10000,
	ANSWER_MAX = 64 << 20
};

struct poll {
	struct live *live;
	struct call *call; /* NULL: idle */
	struct buf body;
	int64_t sent;
};

struct live {
	struct broker *broker;
	struct live_entry *bucket[BUCKETS];
	size_t listed;
	struct poll polls[2];
	struct timer due;
	int64_t last_sent, lease_ms;
	unsigned tries;
};

static struct live_entry **bucket_of(struct live *live, const char *id)
{
	uint32_t hash = 2166136261u;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &live->bucket[hash % BUCKETS];
}

static struct live_entry *find(struct live *live, const char *id)
{
	struct live_entry *entry = *bucket_of(live, id);
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

static void list(struct live *live, struct live_entry *entry)
{
	if (entry->listed)
		return;
	struct live_entry **at = bucket_of(live, entry->id);
	entry->next = *at;
	entry->back = at;
	if (entry->next)
		entry->next->back = &entry->next;
	*at = entry;
	entry->listed = true;
	live->listed++;
}

void live_pending(struct live *live, struct live_entry *entry)
{
	list(live, entry);
	entry->running = false;
	entry->covered = 0;
	if (live->tries && live->due.slot)
		return; /* the approver is away, and will be tried again */
	int64_t since = clock_mono_ms() - live->last_sent;
	plan(live, since >= GATHER_MS ? SOON_MS : GATHER_MS - since);
}

void live_running(struct live *live, struct live_entry *entry, int64_t lease_s)
{
	list(live, entry);
	entry->running = true;
	entry->covered = clock_mono_ms();
	if (lease_s > 0)
		live->lease_ms = lease_s * 1000;
	plan(live, live->lease_ms / 3);
}

void live_unlist(struct live *live, struct live_entry *entry)
{
	if (!entry->listed)
		return;
	*entry->back = entry->next;
	if (entry->next)
		entry->next->back = entry->back;
	entry->listed = false;
	live->listed--;
	if (!live->listed)
		loop_timer_stop(live->broker->loop, &live->due);
}

/* ── answers ── */

/* Hand out what an answer brings; how many commands of ours it was about, -1 when it cannot be understood. */
static int hand_out(struct live *live, const struct buf *body)
{
	cJSON *answer JSON_AUTO = json_parse(body->data ? body->data : "", body->len, NULL);
	if (!answer || !cJSON_IsObject(answer))
		return -1;
	int64_t lease;
	if (json_integer(answer, "lease_s", &lease) && lease > 0 && lease <= 86400)
		live->lease_ms = lease * 1000;
	int count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, json_object(answer, "permits"))
	{
		struct live_entry *entry = item->string ? find(live, item->string) : NULL;
		if (!entry || entry->running || !cJSON_IsString(item))
			continue;
		entry->decided(entry, item->valuestring, strlen(item->valuestring));
		count++;
	}
	cJSON_ArrayForEach(item, json_array(answer, "gone"))
	{
		struct live_entry *entry = cJSON_IsString(item) ? find(live, item->valuestring) : NULL;
		if (!entry || entry->running)
			continue;
		entry->unknown(entry);
		count++;
	}
	return count;
}

static void later(struct live *live, const char *error)
{
	if (!live->tries++)
		log_line(LOG_LEVEL_WARNING, "the live poll fails", "error", error, NULL);
	plan(live, retry_background(live->tries, LONGEST_WAIT));
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
	int count = hand_out(live, answer->body);
	if (count < 0) {
		later(live, "the answer cannot be understood");
		return;
	}
	if (live->tries)
		log_line(LOG_LEVEL_INFO, "the live poll works again", NULL);
	live->tries = 0;
	if (live->listed)
		plan(live, count == 0 && took < IDLE_MS ? IDLE_MS : 0);
}

/* ── polls ── */

static void add_all(struct live *live, struct buf *out, const char *name, bool running)
{
	bool any = false;
	buf_addf(out, "\"%s\":[", name);
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			if (entry->running != running)
				continue;
			buf_addf(out, "%s\"%s:%s\"", any ? "," : "", entry->id, entry->tail);
			any = true;
		}
	buf_adds(out, "],");
}

/* Is a poll worth sending: is a pending command in no poll under way, or a sign of life due?  *wait is set to
 * when it will be (ms), -1: when a poll under way ends. */
static bool needed(struct live *live, int64_t *wait)
{
	int64_t now = clock_mono_ms(), oldest_poll = INT64_MAX;
	for (int i = 0; i < 2; i++)
		if (live->polls[i].call && live->polls[i].sent < oldest_poll)
			oldest_poll = live->polls[i].sent;
	*wait = -1;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			if (entry->covered >= oldest_poll)
				continue; /* named by a poll that is under way */
			int64_t due = entry->running ? entry->covered + live->lease_ms / 3 - now : 0;
			if (due <= 0)
				return true;
			if (*wait < 0 || due < *wait)
				*wait = due;
		}
	return false;
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
	int64_t wait_s = live->lease_ms / 1000 * 5 / 6;
	wait_s = wait_s < 1 ? 1 : wait_s > WAIT_S ? WAIT_S : wait_s;
	buf_addc(&poll->body, '{');
	add_all(live, &poll->body, "pending", false);
	add_all(live, &poll->body, "running", true);
	buf_addf(&poll->body, "\"wait_s\":%lld}", (long long)wait_s);
	poll->sent = live->last_sent = clock_mono_ms();
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct live_entry *entry = live->bucket[i]; entry; entry = entry->next)
			entry->covered = poll->sent;
	struct client_request request = {.method = "POST",
					 .path = "/v1/live",
					 .type = "application/json",
					 .body = poll->body.data,
					 .len = poll->body.len,
					 .flags = CLIENT_AHEAD,
					 .timeout_ms = wait_s * 1000 + MARGIN_MS,
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
	int64_t wait;
	if (needed(live, &wait))
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
