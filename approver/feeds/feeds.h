/* feeds.h: live feeds: what is logged goes on to other systems as it happens.
 *
 * The idea.  A feed is a reader of the log with a place in it, a thread and a store connection of its own: it
 * reads at its own pace, so one whose receiver is dead costs memory for nothing and no decision any time.
 * Where it is, is kept in DIR/feeds/NAME.at; after an outage, a restart or a crash it goes on from there.
 * What was handed over but not acknowledged is handed over again: every record comes at least once, and its
 * log index tells a repeated one.
 *
 * What the feeds are is read from DIR/feeds.json (feed_conf.h); without the file there are none.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_FEEDS_H
#define WHOSH_FEEDS_FEEDS_H

#include "common/buf.h"
#include <stdint.h>

struct feeds;
struct server;

/* Read DIR/feeds.json and start what it names.  NULL after logging why. */
struct feeds *feeds_new(struct server *server);
/* Read it again: the whole or nothing, with the reason in the log. */
void feeds_reload(struct feeds *feeds);
/* The log has grown: wake whoever waits for that.  Costs nothing when there is no feed. */
void feeds_committed(struct feeds *feeds);
/* Append how each feed is, in Prometheus' text format. */
void feeds_metrics(struct feeds *feeds, struct buf *out);
/* Hand over what a receiver that is well takes within moments, keep the places, end.  NULL is allowed. */
void feeds_free(struct feeds *feeds);

#endif
