/* outbox.c: outcomes on their way to the approver.
 *
 * Two ways.  While the approver is there, an outcome is posted by itself, alongside others; if that takes
 * longer than SLOW_MS it is put on disk meanwhile.  One that nobody waits for is held for HOLD_MS: the
 * agent's next line is asked about first, since somebody does wait for that, and outcomes go with the permit
 * (outbox_go), while the command runs.  When a post fails, the outcome goes to the backlog: on
 * disk, and delivered in order, one at a time, with growing waits; while there is a backlog everything new
 * joins its end.  Posting one twice does no harm: the approver knows an outcome by its command.
 *
 * The spool file is removed after the approver's 204 and not before, so a crash at any point leaves at worst
 * a file too many.  A full disk is reported, and the outcome stays in memory and in the backlog.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/outbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "shell/broker/spool.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOLD_MS = 3,
	POST_MS = 10000,
	SLOW_MS = 2000,
	LONGEST_WAIT = 60000,
	WARN_MS = 60000,
	ANSWER_MAX = 65536
};

struct delivery {
	struct outbox *outbox;
	char id[UUID_LEN + 1], command[UUID_LEN + 1];
	struct buf jws;
	char *path;
	bool spooled, backlog, held;
	struct call *call;
	struct timer slow;
	outbox_safe *safe;
	void *arg;
	struct delivery *next, **back;
};

struct outbox {
	struct broker *broker;
	char *folder;
	const char *why;
	struct delivery *fresh;          /* being posted for the first time */
	struct delivery *backlog, **end; /* oldest first; only the first is being posted */
	struct timer retry;
	unsigned tries;
	int64_t warned;
};

static void post(struct delivery *delivery);

static void unlink_delivery(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	*delivery->back = delivery->next;
	if (delivery->next)
		delivery->next->back = delivery->back;
	else if (outbox->end == &delivery->next)
		outbox->end = delivery->back;
}

static void link_delivery(struct delivery *delivery, struct delivery **at)
{
	struct outbox *outbox = delivery->outbox;
	delivery->back = at;
	delivery->next = *at;
	*at = delivery;
	if (delivery->next)
		delivery->next->back = &delivery->next;
	else if (at == outbox->end)
		outbox->end = &delivery->next;
}

static void delivery_free(struct delivery *delivery)
{
	if (delivery->call)
		client_cancel(delivery->call);
	loop_timer_stop(delivery->outbox->broker->loop, &delivery->slow);
	buf_finish(&delivery->jws);
	free(delivery->path);
	free(delivery);
}

void delivery_unhook(struct delivery *delivery)
{
	delivery->safe = NULL;
}

static void tell_safe(struct delivery *delivery)
{
	outbox_safe *safe = delivery->safe;
	delivery->safe = NULL;
	if (safe)
		safe(delivery->arg);
}

/* Put it on disk if it is not; false when that fails. */
static bool keep(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	if (delivery->spooled)
		return true;
	if (outbox->folder && spool_prepare(outbox->folder) == 0 &&
	    spool_write(outbox->folder, delivery->id, &delivery->jws) == 0) {
		delivery->spooled = true;
		return true;
	}
	const char *error = outbox->folder ? strerrorname_np(errno) : outbox->why;
	int64_t now = clock_mono_ms();
	if (outbox->warned && now - outbox->warned < WARN_MS)
		return false;
	outbox->warned = now;
	log_line(LOG_LEVEL_ERROR, "an outcome cannot be put on disk and is kept in memory", "spool",
		 outbox->folder, "error", error, "command", delivery->command, NULL);
	return false;
}

/* It needs no more care: delivered, or beyond delivery. */
static void finish(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	unlink_delivery(delivery);
	if (delivery->spooled)
		spool_remove(outbox->folder, delivery->id);
	tell_safe(delivery);
	delivery_free(delivery);
}

static void set_aside(struct delivery *delivery)
{
	if (keep(delivery))
		spool_set_aside(delivery->outbox->folder, delivery->id, ".refused");
	delivery->spooled = false;
	finish(delivery);
}

static void to_backlog(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	loop_timer_stop(outbox->broker->loop, &delivery->slow);
	if (!delivery->backlog) {
		unlink_delivery(delivery);
		link_delivery(delivery, outbox->end);
		delivery->backlog = true;
	}
	/* Kept or not, there is no more to be done for it now. */
	keep(delivery);
	tell_safe(delivery);
}

static void try_later(struct outbox *outbox, int64_t after)
{
	int64_t wait = retry_background(++outbox->tries + 3, LONGEST_WAIT);
	loop_timer_set(outbox->broker->loop, &outbox->retry, wait > after ? wait : after);
}

static void next_of_backlog(struct outbox *outbox)
{
	if (outbox->backlog && !outbox->backlog->call)
		post(outbox->backlog);
}

static void retry_fired(struct timer *timer)
{
	next_of_backlog(container_of(timer, struct outbox, retry));
}

static void posted(void *arg, const struct answer *answer)
{
	struct delivery *delivery = arg;
	struct outbox *outbox = delivery->outbox;
	delivery->call = NULL;
	bool answered = answer->failure == FAILURE_NONE;
	bool busy = answered && (answer->status >= 500 || answer->status == 429 || answer->status == 408);
	if (!answered || busy) {
		struct buf words BUF_AUTO = BUF_INIT;
		answer_explain(answer, &words);
		if (!outbox->tries)
			log_line(LOG_LEVEL_WARNING, "outcomes cannot be delivered now", "error", words.data,
				 NULL);
		to_backlog(delivery);
		try_later(outbox, answer->retry_after);
		broker_settle(outbox->broker);
		return;
	}
	if (outbox->tries)
		log_line(LOG_LEVEL_INFO, "outcomes are delivered again", NULL);
	outbox->tries = 0;
	if (answer->status >= 200 && answer->status < 300) {
		finish(delivery);
	} else {
		struct buf words BUF_AUTO = BUF_INIT;
		answer_explain(answer, &words);
		log_line(LOG_LEVEL_WARNING, "the approver refused an outcome", "command", delivery->command,
			 "reason", words.data, NULL);
		if (answer->status == 404)
			finish(delivery);
		else
			set_aside(delivery);
	}
	next_of_backlog(outbox);
	broker_settle(outbox->broker);
}

static void post(struct delivery *delivery)
{
	struct outbox *outbox = delivery->outbox;
	struct client_request request = {.method = "POST",
					 .path = delivery->path,
					 .type = "application/jose",
					 .body = delivery->jws.data,
					 .len = delivery->jws.len,
					 .timeout_ms = POST_MS,
					 .max = ANSWER_MAX};
	delivery->call = client_call(outbox->broker->client, &request, posted, delivery);
	if (delivery->call)
		return;
	to_backlog(delivery);
	try_later(outbox, 0);
}

static void post_fresh(struct delivery *delivery)
{
	delivery->held = false;
	loop_timer_set(delivery->outbox->broker->loop, &delivery->slow, SLOW_MS);
	post(delivery);
}

void outbox_go(struct outbox *outbox)
{
	for (struct delivery *next, *delivery = outbox->fresh; delivery; delivery = next) {
		next = delivery->next;
		if (delivery->held)
			post_fresh(delivery);
	}
}

static void slow_fired(struct timer *timer)
{
	struct delivery *delivery = container_of(timer, struct delivery, slow);
	if (delivery->held) {
		post_fresh(delivery);
		return;
	}
	if (keep(delivery) || !delivery->outbox->folder)
		tell_safe(delivery);
	else
		loop_timer_set(delivery->outbox->broker->loop, timer, SLOW_MS);
}

static struct delivery *delivery_new(struct outbox *outbox, const char *id, const char *command_id,
				     struct buf *jws)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	if (!delivery)
		return NULL;
	delivery->outbox = outbox;
	delivery->slow.fire = slow_fired;
	memcpy(delivery->id, id, UUID_LEN);
	memcpy(delivery->command, command_id, UUID_LEN);
	delivery->jws = *jws;
	*jws = (struct buf)BUF_INIT;
	if (asprintf(&delivery->path, "/v1/commands/%s/outcome", command_id) < 0) {
		delivery->path = NULL;
		delivery_free(delivery);
		return NULL;
	}
	return delivery;
}

struct delivery *outbox_put(struct outbox *outbox, const char *id, const char *command_id, struct buf *jws,
			    outbox_safe *safe, void *arg)
{
	struct delivery *delivery = delivery_new(outbox, id, command_id, jws);
	if (!delivery) {
		log_line(LOG_LEVEL_ERROR, "an outcome is lost: out of memory", "command", command_id, NULL);
		return NULL;
	}
	if (outbox->backlog) {
		link_delivery(delivery, outbox->end);
		delivery->backlog = true;
		keep(delivery);
		return NULL;
	}
	link_delivery(delivery, &outbox->fresh);
	delivery->held = !safe;
	if (delivery->held)
		loop_timer_set(outbox->broker->loop, &delivery->slow, HOLD_MS);
	else
		post_fresh(delivery);
	if (delivery->backlog)
		return NULL;
	delivery->safe = safe;
	delivery->arg = arg;
	return delivery;
}

static void found(void *arg, const char *id, const char *command_id, struct buf *jws)
{
	struct outbox *outbox = arg;
	for (struct delivery *known = outbox->fresh; known; known = known->next)
		if (!strcmp(known->id, id))
			return;
	struct delivery *delivery = delivery_new(outbox, id, command_id, jws);
	if (!delivery)
		return;
	delivery->spooled = delivery->backlog = true;
	link_delivery(delivery, outbox->end);
}

void outbox_load(struct outbox *outbox)
{
	if (!outbox->folder || outbox->backlog)
		return;
	spool_each(outbox->folder, found, outbox);
	next_of_backlog(outbox);
}

bool outbox_busy(const struct outbox *outbox)
{
	if (outbox->fresh)
		return true;
	for (const struct delivery *delivery = outbox->backlog; delivery; delivery = delivery->next)
		if (delivery->call || !delivery->spooled)
			return true;
	return false;
}

void outbox_save(struct outbox *outbox)
{
	for (struct delivery *delivery = outbox->fresh; delivery; delivery = delivery->next)
		keep(delivery);
	for (struct delivery *delivery = outbox->backlog; delivery; delivery = delivery->next)
		keep(delivery);
}

struct outbox *outbox_new(struct broker *broker, const char *folder, const char *why)
{
	struct outbox *outbox = calloc(1, sizeof *outbox);
	if (!outbox)
		return NULL;
	outbox->broker = broker;
	outbox->end = &outbox->backlog;
	outbox->retry.fire = retry_fired;
	outbox->why = why;
	if (folder && !(outbox->folder = strdup(folder))) {
		free(outbox);
		return NULL;
	}
	return outbox;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (struct delivery *delivery; (delivery = outbox->fresh ? outbox->fresh : outbox->backlog);) {
		unlink_delivery(delivery);
		delivery_free(delivery);
	}
	loop_timer_stop(outbox->broker->loop, &outbox->retry);
	free(outbox->folder);
	free(outbox);
}
