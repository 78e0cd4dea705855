/* feed.c: one feed's thread: read on in the log, hand over, remember how far it is.
 *
 * Three places: `at`, up to which all is settled; `sent`, up to which it was handed over; the log's end. When
 * a connection is lost, `sent` goes back to `at`.  The file follows `at` at most once a second: after a crash
 * that much is sent again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feed.h"
#include "approver/feeds/feed_at.h"
#include "approver/http/server.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	PAUSE_FIRST_MS = 250,
	PAUSE_MOST_MS = 60000,
	SAVE_MS = 1000,
	LOOK_MS = 200,
	BATCH_BYTES = 256 * 1024,
	SYSLOG_HEAD = 512,
	RETRY_MOST_S = 300,
	NICE = 10,
	GATHER_MS = 20 /* what comes within that goes together */
};

bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...)
{
	va_list args;
	fault->kind = kind;
	va_start(args, format);
	vsnprintf(fault->why, sizeof fault->why, format, args);
	va_end(args);
	return false;
}

const char *fault_name(enum fault_kind kind)
{
	static const char *const names[FAULTS] = {"none",    "address", "connect", "certificate", "tls",
						  "timeout", "lost",    "answer",  "store",       "memory"};
	return names[kind];
}

/* ── how it is ─────────────────────────────────────────────────────────────────────────────────────────── */

static void well(struct feed *feed)
{
	if (!feed->up)
		log_line(LOG_LEVEL_WARNING, "a feed delivers again", "feed", feed->conf.name, NULL);
	feed->up = true;
	feed->pause_ms = PAUSE_FIRST_MS;
}

/* Said when it begins to fail, and when it fails in another way. */
static void ill(struct feed *feed, const struct fault *fault)
{
	if (feed->up || feed->fault != (int)fault->kind)
		log_line(LOG_LEVEL_ERROR, "a feed does not deliver: it goes on from where it was", "feed",
			 feed->conf.name, "fault", fault_name(fault->kind), "error", fault->why, NULL);
	feed->up = false;
	feed->fault = (int)fault->kind;
	feed->failed_s = clock_now();
	feed->failures++;
}

/* ── waiting ───────────────────────────────────────────────────────────────────────────────────────────── */

/* Until there is more in the log than `size`, the end has come, or so much time has passed (0: any). */
static void wait_for_log(struct feed *feed, int64_t size, int64_t ms)
{
	struct feed_bell *bell = feed->bell;
	int64_t until = clock_mono_ms() + ms;
	struct timespec end = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
	pthread_mutex_lock(&bell->lock);
	int waited = 0;
	while (!waited && !feed->stopping && (size < 0 || feed->server->log_size <= size))
		waited = ms ? pthread_cond_timedwait(&bell->ring, &bell->lock, &end)
			    : pthread_cond_wait(&bell->ring, &bell->lock);
	pthread_mutex_unlock(&bell->lock);
}

static void back_off(struct feed *feed, const struct fault *fault)
{
	int64_t asked = fault->retry_after_s < RETRY_MOST_S ? fault->retry_after_s : RETRY_MOST_S;
	wait_for_log(feed, -1, asked > 0 ? asked * 1000 : feed->pause_ms);
	feed->pause_ms = feed->pause_ms * 2 < PAUSE_MOST_MS ? feed->pause_ms * 2 : PAUSE_MOST_MS;
}

/* ── the way of a batch ────────────────────────────────────────────────────────────────────────────────── */

struct batch {
	struct feed *feed;
	int64_t records;
	size_t bytes;
};

static bool put_in(const struct export_item *item, const struct buf *line, void *arg)
{
	struct batch *batch = arg;
	struct feed *feed = batch->feed;
	int64_t most = feed->conf.batch ? feed->conf.batch : 100;
	feed->sink->kind->add(feed->sink, item, line);
	batch->records++;
	batch->bytes += line->len;
	return batch->records < most && batch->bytes < BATCH_BYTES;
}

/* A place that cannot be kept (a full disk) is said once, and tried again: what it costs is repetition. */
static void keep_place(struct feed *feed, bool now)
{
	int64_t ms = clock_mono_ms();
	if (feed->at == feed->saved || (!now && ms - feed->saved_ms < SAVE_MS))
		return;
	feed->saved_ms = ms;
	int64_t at = feed->at;
	bool failed = feed_at_save(feed->server->settings.dir, feed->conf.name, at) != 0;
	if (failed && !feed->unsaved)
		log_line(LOG_LEVEL_ERROR, "a feed's place cannot be kept", "feed", feed->conf.name, "error",
			 strerror(errno), NULL);
	feed->unsaved = failed;
	if (!failed)
		feed->saved = at;
}

/* Read on from `sent` and hand it over. */
static bool hand_over(struct feed *feed, struct store_reader *reader, struct fault *fault)
{
	struct batch batch = {.feed = feed};
	bool syslog = feed->conf.type == FEED_SYSLOG;
	struct export_run run = {.format = feed->conf.format,
				 .approver = feed->server->settings.name,
				 .secrets = feed->server->secrets,
				 .after = feed->sent,
				 .end = feed->server->log_size,
				 .ascii = feed->sink->kind->ascii,
				 .cut = syslog ? (size_t)feed->conf.max_message - SYSLOG_HEAD : 0};
	if (export_some(&run, reader, put_in, &batch) < 0)
		return fault_set(fault, FAULT_STORE, "the log cannot be read");
	if (batch.records && !feed->sink->kind->send(feed->sink, fault))
		return false;
	feed->records += batch.records;
	if (batch.records)
		well(feed);
	if (!batch.records && feed->at == feed->sent)
		feed->at = run.after; /* nothing to tell, and nothing open */
	feed->sent = run.after;
	return true;
}

/* What of it has arrived by now?  false: it may be lost. */
static bool settle(struct feed *feed, struct fault *fault)
{
	if (feed->sent == feed->at)
		return true;
	int64_t settled = feed->sink->kind->settled(feed->sink, feed->at, feed->sent, fault);
	if (settled == SINK_LOST)
		return false;
	if (settled > feed->at)
		feed->at = settled;
	return true;
}

static void *run(void *arg)
{
	struct feed *feed = arg;
	/* Decisions first: where the processor is short, a feed lags. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	struct store_reader *reader = store_reader_new(feed->server->store);
	while (!feed->stopping) {
		struct fault fault = {0};
		int64_t size = feed->server->log_size;
		bool good = reader ? settle(feed, &fault) : fault_set(&fault, FAULT_STORE, "no reader");
		int64_t before = feed->sent;
		if (good && feed->sent + 1 < size)
			good = hand_over(feed, reader, &fault) && settle(feed, &fault);
		if (!good && !feed->stopping) {
			ill(feed, &fault);
			feed->sent = feed->at;
			keep_place(feed, false);
			back_off(feed, &fault);
			if (!reader)
				reader = store_reader_new(feed->server->store);
			continue;
		}
		keep_place(feed, false);
		if (feed->sent == before && feed->sent + 1 < size)
			wait_for_log(feed, -1, LOOK_MS); /* the tables lag behind the log */
		if (feed->sent + 1 >= size)              /* it keeps up */
			nanosleep(&(struct timespec){.tv_nsec = GATHER_MS * 1000000}, NULL);
		if (feed->sent + 1 >= feed->server->log_size)
			wait_for_log(feed, feed->sent + 1,
				     feed->sent != feed->at    ? LOOK_MS
				     : feed->at != feed->saved ? SAVE_MS
							       : 0);
	}
	struct fault fault = {0};
	/* That the log stops is news, too. */
	if (reader && feed->up && feed->sent + 1 < feed->server->log_size && !hand_over(feed, reader, &fault))
		feed->sent = feed->at;
	if (feed->sink->kind->close(feed->sink))
		feed->at = feed->sent;
	keep_place(feed, true);
	store_reader_free(reader);
	return NULL;
}

/* ── its life ──────────────────────────────────────────────────────────────────────────────────────────── */

/* Where to go on.  A place that is there but cannot be read means the log's beginning: nothing may be lost.
 */
static void find_place(struct feed *feed)
{
	int64_t at, last = feed->server->log_size - 1;
	int found = feed_at_load(feed->server->settings.dir, feed->conf.name, &at);
	if (found < 0)
		at = -1;
	else if (!found)
		at = feed->conf.from_start ? -1 : last;
	if (at > last) {
		char text[24];
		snprintf(text, sizeof text, "%" PRId64, at);
		log_line(LOG_LEVEL_ERROR,
			 "the log is shorter than what a feed has sent of it: it goes on at the end", "feed",
			 feed->conf.name, "at", text, NULL);
		at = last;
		found = 0;
	}
	feed->at = feed->sent = at;
	feed->saved = found == 1 ? at : SINK_LOST; /* of a new one it is kept at once */
	keep_place(feed, true);
}

struct feed *feed_start(struct server *server, struct feed_bell *bell, struct feed_conf *conf)
{
	static const struct sink_kind *const kinds[] = {
	    [FEED_SYSLOG] = &sink_syslog, [FEED_JOURNALD] = &sink_journald, [FEED_WEBHOOK] = &sink_webhook};
	struct feed *feed = calloc(1, sizeof *feed);
	if (!feed)
		return NULL;
	feed->conf = *conf;
	memset(conf, 0, sizeof *conf);
	feed->server = server;
	feed->bell = bell;
	feed->pause_ms = PAUSE_FIRST_MS;
	feed->up = true;
	feed->sink = kinds[feed->conf.type]->open();
	if (feed->sink) {
		feed->sink->kind = kinds[feed->conf.type];
		feed->sink->conf = &feed->conf;
		feed->sink->approver = server->settings.name;
		feed->sink->stop = &feed->stopping;
	}
	if (feed->sink)
		find_place(feed);
	if (feed->sink)
		feed->running = pthread_create(&feed->thread, NULL, run, feed) == 0;
	if (feed->running) {
		log_line(LOG_LEVEL_INFO, "feeding", "feed", feed->conf.name, NULL);
		return feed;
	}
	log_line(LOG_LEVEL_ERROR, "a feed could not be started", "feed", feed->conf.name, NULL);
	feed_join(feed);
	return NULL;
}

void feed_stop(struct feed *feed)
{
	pthread_mutex_lock(&feed->bell->lock);
	feed->stopping = true;
	pthread_cond_broadcast(&feed->bell->ring);
	pthread_mutex_unlock(&feed->bell->lock);
}

void feed_join(struct feed *feed)
{
	if (feed->running)
		pthread_join(feed->thread, NULL);
	if (feed->sink)
		feed->sink->kind->free(feed->sink);
	feed_conf_finish(&feed->conf);
	free(feed);
}
