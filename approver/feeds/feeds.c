/* feeds.c: all feeds: their start, what they are woken by, how they are, their end.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feeds.h"
#include "approver/feeds/feed.h"
#include "approver/http/server.h"
#include "approver/oidc/fetch.h"
#include "common/log.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct feeds {
	struct server *server;
	struct feed_bell bell;
	pthread_mutex_t lock; /* of the list: whoever looks at a feed against whoever ends it */
	struct feed *feed[FEEDS_MAX];
	_Atomic size_t n;
};

static void end_all(struct feeds *feeds)
{
	struct feed *ending[FEEDS_MAX];
	pthread_mutex_lock(&feeds->lock);
	size_t n = feeds->n;
	memcpy(ending, feeds->feed, sizeof ending);
	feeds->n = 0;
	pthread_mutex_unlock(&feeds->lock);
	for (size_t i = 0; i < n; i++)
		feed_stop(ending[i]);
	for (size_t i = 0; i < n; i++)
		feed_join(ending[i]);
}

/* One that cannot be started has said so; the others do not wait for it. */
static void start_all(struct feeds *feeds, struct feeds_conf *conf)
{
	for (size_t i = 0; i < conf->n; i++) {
		struct feed *feed = feed_start(feeds->server, &feeds->bell, &conf->feed[i]);
		if (!feed)
			continue;
		pthread_mutex_lock(&feeds->lock);
		feeds->feed[feeds->n++] = feed;
		pthread_mutex_unlock(&feeds->lock);
	}
}

/* false after logging why; then nothing is changed. */
static bool read_conf(struct feeds *feeds, struct feeds_conf *conf)
{
	bool missing;
	char *error = NULL;
	bool good = feeds_conf_load(conf, feeds->server->settings.dir, &missing, &error);
	if (good && conf->n && !fetch_start())
		good = false;
	if (!good) {
		log_line(LOG_LEVEL_ERROR, "feeds.json refused", "error", error ? error : "out of memory",
			 NULL);
		feeds_conf_finish(conf);
	}
	free(error);
	return good;
}

struct feeds *feeds_new(struct server *server)
{
	struct feeds *feeds = calloc(1, sizeof *feeds);
	struct feeds_conf conf;
	pthread_condattr_t attributes;
	if (!feeds)
		return NULL;
	feeds->server = server;
	pthread_mutex_init(&feeds->lock, NULL);
	pthread_mutex_init(&feeds->bell.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&feeds->bell.ring, &attributes);
	pthread_condattr_destroy(&attributes);
	bool good = read_conf(feeds, &conf);
	if (good)
		start_all(feeds, &conf);
	feeds_conf_finish(&conf);
	if (good)
		return feeds;
	feeds_free(feeds);
	return NULL;
}

void feeds_reload(struct feeds *feeds)
{
	struct feeds_conf conf;
	if (!read_conf(feeds, &conf)) {
		log_line(LOG_LEVEL_WARNING, "the feeds in force stay", NULL);
		return;
	}
	end_all(feeds); /* their places are kept: what stays goes on where it was */
	start_all(feeds, &conf);
	feeds_conf_finish(&conf);
}

void feeds_committed(struct feeds *feeds)
{
	if (!feeds || !feeds->n)
		return;
	pthread_mutex_lock(&feeds->bell.lock);
	pthread_cond_broadcast(&feeds->bell.ring);
	pthread_mutex_unlock(&feeds->bell.lock);
}

void feeds_free(struct feeds *feeds)
{
	if (!feeds)
		return;
	end_all(feeds);
	pthread_cond_destroy(&feeds->bell.ring);
	pthread_mutex_destroy(&feeds->bell.lock);
	pthread_mutex_destroy(&feeds->lock);
	free(feeds);
}

/* ── /metrics ──────────────────────────────────────────────────────────────────────────────────────────── */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void each(struct feeds *feeds, struct buf *out, const char *name,
		 int64_t (*value)(const struct feed *))
{
	for (size_t i = 0; i < feeds->n; i++)
		buf_addf(out, "%s{feed=\"%s\"} %" PRId64 "\n", name, feeds->feed[i]->conf.name,
			 value(feeds->feed[i]));
}

static int64_t lag(const struct feed *feed)
{
	int64_t behind = feed->server->log_size - 1 - feed->at;
	return behind > 0 ? behind : 0;
}

static int64_t records(const struct feed *feed)
{
	return feed->records;
}

static int64_t failures(const struct feed *feed)
{
	return feed->failures;
}

static int64_t up(const struct feed *feed)
{
	return feed->up;
}

void feeds_metrics(struct feeds *feeds, struct buf *out)
{
	if (!feeds || !feeds->n)
		return;
	pthread_mutex_lock(&feeds->lock);
	head(out, "whosh_feed_lag", "gauge",
	     "Events of the log that a feed's receiver has not acknowledged yet.");
	each(feeds, out, "whosh_feed_lag", lag);
	head(out, "whosh_feed_up", "gauge", "1 while the last thing a feed handed over was taken.");
	each(feeds, out, "whosh_feed_up", up);
	head(out, "whosh_feed_records_total", "counter", "Records handed over, repeated ones too.");
	each(feeds, out, "whosh_feed_records_total", records);
	head(out, "whosh_feed_failures_total", "counter", "Attempts to hand over that failed.");
	each(feeds, out, "whosh_feed_failures_total", failures);
	head(out, "whosh_feed_last_error_timestamp_seconds", "gauge", "When a feed last failed, and how.");
	for (size_t i = 0; i < feeds->n; i++) {
		const struct feed *feed = feeds->feed[i];
		if (feed->failures)
			buf_addf(out,
				 "whosh_feed_last_error_timestamp_seconds{feed=\"%s\",error=\"%s\"} %" PRId64
				 "\n",
				 feed->conf.name, fault_name((enum fault_kind)feed->fault), feed->failed_s);
	}
	pthread_mutex_unlock(&feeds->lock);
}
