/* feed.h: one feed: its thread and how it is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_FEED_H
#define WHOSH_FEEDS_FEED_H

#include "approver/feeds/sink.h"
#include <pthread.h>

struct server;

/* What all feeds wait on: the log has grown, or the end has come. */
struct feed_bell {
	pthread_mutex_t lock;
	pthread_cond_t ring; /* CLOCK_MONOTONIC */
};

struct feed {
	struct feed_conf conf;
	struct server *server;
	struct feed_bell *bell;
	struct sink *sink;
	pthread_t thread;
	bool running;
	_Atomic bool stopping;
	/* The feed's own: places in the log. */
	int64_t sent, saved; /* handed over; in the file */
	int64_t saved_ms;    /* clock_mono_ms */
	bool unsaved;        /* the last attempt failed */
	int64_t pause_ms;    /* after the next failure */
	/* For /metrics. */
	_Atomic int64_t at; /* everything up to here is acknowledged */
	_Atomic int64_t records, failures, failed_s /* wall clock, s */;
	_Atomic bool up;
	_Atomic int fault; /* enum fault_kind of the last failure */
};

const char *fault_name(enum fault_kind kind);
/* Takes the configuration over (it is empty then), finds the feed's place, starts its thread.  NULL after
 * logging why. */
struct feed *feed_start(struct server *server, struct feed_bell *bell, struct feed_conf *conf);
/* Tell it to end, and ring the bell; then wait for it and free it. */
void feed_stop(struct feed *feed);
void feed_join(struct feed *feed);

#endif
