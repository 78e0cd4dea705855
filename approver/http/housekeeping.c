/* housekeeping.c: deadlines, slow clients, signs of life on event streams, and when credentials were last
 * used.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/housekeeping.h"
#include "approver/http/connections.h"
#include "approver/identity/delegations.h"
#include "approver/http/events.h"
#include "approver/command/live.h"
#include "approver/http/refusals.h"
#include "approver/identity/registry.h"
#include "approver/http/request.h"
#include "approver/identity/row_work.h"
#include "approver/command/settle.h"
#include "common/clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { PER_SECOND = 1000 / TIMER_TICK_MS, PING_S = 15, SAVE_S = 60 };

struct housekeeping {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

static void due(const char *id, enum live_state state, void *arg)
{
	struct server *server = arg;
	struct settle_ask ask = {.id = id, .by = SETTLE_TIMEOUT};
	if (state == LIVE_PENDING)
		settle_push(server, &ask, NULL);
	else if (state == LIVE_RUNNING)
		settle_lost(server, id);
	else if (state == LIVE_LEFT)
		settle_left(server, id);
}

static void wake_polls(struct poll *poll)
{
	while (poll) {
		struct poll *next = poll->wake_next;
		request_resume(poll->request);
		poll = next;
	}
}

static void save_use(struct credential *credential, void *arg)
{
	if (!atomic_exchange(&credential->unsaved, false))
		return;
	struct row_change change = {.kind = ROW_CREDENTIAL, .event = EVENT_KINDS};
	credential_to_row(credential, &change.row.credential);
	row_change_push(arg, &change, NULL);
}

void housekeeping_save_uses(struct server *server)
{
	registry_credentials(server->registry, save_use, server);
}

/* While nothing can be recorded, try: the event itself says that the log has a gap here. */
static void try_again(struct server *server)
{
	struct buf body BUF_AUTO = BUF_INIT;
	buf_adds(&body, "{\"reason\":\"recording again after the store had failed\"}");
	record_event(server, EVENT_LOG_STARTED, NULL, &body);
}

static void one_tick(struct server *server, unsigned tick)
{
	struct poll *wake = NULL;
	live_tick(server->live, due, server, &wake);
	if (tick % PER_SECOND == 0) {
		live_hung_up(server->live, &wake);
		connections_end_slow(server->connections);
		if (server->unwritable)
			try_again(server);
	}
	wake_polls(wake);
	if (tick % (PING_S * PER_SECOND) == 0)
		events_ping(server->events);
	if (tick % (SAVE_S * PER_SECOND) != 0)
		return;
	delegations_expire(server->delegations, clock_wall_ms());
	if (!server->unwritable)
		housekeeping_save_uses(server);
}

static void *run(void *arg)
{
	struct housekeeping *h = arg;
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&h->lock);
	for (unsigned tick = 1; !h->stopping; tick++) {
		next.tv_nsec += TIMER_TICK_MS * 1000000L;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		while (!h->stopping && pthread_cond_timedwait(&h->wake, &h->lock, &next) != ETIMEDOUT)
			;
		if (h->stopping)
			break;
		pthread_mutex_unlock(&h->lock);
		one_tick(h->server, tick);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

struct housekeeping *housekeeping_new(struct server *server)
{
	struct housekeeping *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	pthread_condattr_t attributes;
	h->server = server;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&h->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (!pthread_create(&h->thread, NULL, run, h))
		return h;
	free(h);
	return NULL;
}

void housekeeping_free(struct housekeeping *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
