/* events.h: the stream of what happens (server-sent events), for people who watch.
 *
 * A subscriber is a place in the log.  It is woken when the log has grown and reads on from there, so a
 * client that comes back with Last-Event-ID misses nothing; one that has fallen far behind is moved to the
 * present and told so.  Each event's data is the command's record as it is now; a change of model, an alert,
 * a kill and its lifting have data of their own.  The stream of an operator who was removed ends before the
 * next event.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_EVENTS_H
#define WHOSH_HTTP_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct events;
struct request;
struct server;

struct events *events_new(struct server *server);
void events_free(struct events *events);
/* The log has `size` events now: wake whoever waits for more. */
void events_committed(struct events *events, int64_t size);
/* A comment to each stream, so that a dead one is noticed. */
void events_ping(struct events *events);
/* End every stream. */
void events_end(struct events *events);
int64_t events_subscribers(struct events *events);
/* Answer the request with a stream that starts after event `last`, or now when it is negative. */
bool events_subscribe(struct events *events, struct request *request, int64_t last);

#endif
