/* writer.c: groups of changes, one commit each.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/writer.h"
#include "approver/feeds/feeds.h"
#include "approver/http/events.h"
#include "approver/command/live.h"
#include "approver/http/metrics.h"
#include "approver/http/request.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MAX_GROUP = 256,
	IDLE_MS = 50,      /* nothing came for so long: time to index */
	INDEX_FROM = 512,  /* fewer than that are read one by one soon enough */
	INDEX_SLICE = 64,  /* and whoever comes meanwhile waits for no more than that */
	INDEX_LATE = 32768 /* in a house that never rests: more than that are not left for later */
};

struct writer {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct work *first, **last;
	bool stopping, stopped;
};

/* The store could not keep a group: say so once, and again only when it is well. */
static void note_health(struct server *server, int error)
{
	int before = server->unwritable;
	server->unwritable = error;
	if (error)
		metric_add(METRIC_STORE_ERRORS, 1);
	if (error && !before)
		log_line(LOG_LEVEL_ERROR, "nothing can be recorded: decisions are refused", "error",
			 strerror(error), NULL);
	else if (!error && before)
		log_line(LOG_LEVEL_WARNING, "recording again", NULL);
}

/* Apply each; false when the group as a whole is lost. */
static bool apply_all(struct work *list, struct group *group)
{
	for (struct work *work = list; work; work = work->next) {
		if (store_item_begin(group->store))
			return false;
		errno = 0;
		work->end = work->kind->apply(work, group);
		if (work->end == WORK_FAILED)
			group->error = errno ? errno : EIO;
		if (store_item_end(group->store, work->end == WORK_KEPT))
			return false;
	}
	return true;
}

static int write_group(struct work *list, struct group *group)
{
	errno = 0;
	if (store_begin(group->store))
		return errno ? errno : EIO;
	if (!apply_all(list, group)) {
		int error = errno ? errno : EIO;
		store_rollback(group->store);
		return error;
	}
	errno = 0;
	if (store_commit(group->store))
		return errno ? errno : EIO;
	return 0;
}

static void wake_polls(struct poll *poll)
{
	while (poll) { /* a poll may be gone once its request is resumed */
		struct poll *next = poll->wake_next;
		request_resume(poll->request);
		poll = next;
	}
}

/* Before all that came since: they waited longer. */
static void put_back(struct writer *writer, struct work *first, struct work **last)
{
	pthread_mutex_lock(&writer->lock);
	*last = writer->first;
	if (!writer->first)
		writer->last = last;
	writer->first = first;
	pthread_mutex_unlock(&writer->lock);
}

static void run_group(struct writer *writer, struct work *list, int64_t items)
{
	struct server *server = writer->server;
	struct group group = {.server = server,
			      .store = server->store,
			      .reader = server_reader(server),
			      .now = store_now(server->store)};
	int error = group.reader ? write_group(list, &group) : ENOMEM;
	note_health(server, error ? error : group.error);
	metric_group(items);
	if (!error) {
		server->log_size = store_next_index(group.store);
		events_committed(server->events, server->log_size);
		feeds_committed(server->feeds);
	}
	struct request *resume = NULL, **last = &resume;
	struct work *again = NULL, **last_again = &again;
	while (list) {
		struct work *work = list;
		struct request *request = work->request;
		list = work->next;
		if (!error && work->end == WORK_AGAIN) {
			work->next = NULL;
			*last_again = work;
			last_again = &work->next;
			continue;
		}
		work->kind->done(work, &group, error ? WORK_FAILED : work->end);
		if (request) {
			request->wake_next = NULL;
			*last = request;
			last = &request->wake_next;
		}
	}
	while (resume) {
		struct request *request = resume;
		resume = request->wake_next;
		request_resume(request);
	}
	wake_polls(group.wake);
	if (again)
		put_back(writer, again, last_again);
}

/* Is there anything to do when nobody waits? */
static bool has_chores(const struct store *store)
{
	return store_unindexed(store) >= INDEX_FROM || store_untidy(store);
}

/* Nothing waits: index some commands if that is worth it, until something does, and publish the log.  Called,
 * and returns, with the lock held.  After a failure it is not tried again before the next group. */
static void idle(struct writer *writer)
{
	struct store *store = writer->server->store;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += IDLE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	int waited = 0;
	while (waited != ETIMEDOUT && !writer->first && !writer->stopping)
		waited = pthread_cond_clockwait(&writer->more, &writer->lock, CLOCK_MONOTONIC, &until);
	int64_t left = store_unindexed(store) >= INDEX_FROM ? store_unindexed(store) : 0;
	while (left > 0 && !writer->first && !writer->stopping) {
		pthread_mutex_unlock(&writer->lock);
		left = store_index_some(store, INDEX_SLICE);
		pthread_mutex_lock(&writer->lock);
	}
	if (left >= 0 && store_untidy(store) && !writer->first && !writer->stopping) {
		pthread_mutex_unlock(&writer->lock);
		left = store_tidy(store);
		writer->server->log_size = store_next_index(store); /* it may log what it archived */
		pthread_mutex_lock(&writer->lock);
	}
	while (left < 0 && !writer->first && !writer->stopping)
		pthread_cond_wait(&writer->more, &writer->lock);
}

/* At most MAX_GROUP of what waits; NULL when there is nothing and the end has come. */
static struct work *take(struct writer *writer, int64_t *items)
{
	pthread_mutex_lock(&writer->lock);
	while (!writer->first && !writer->stopping)
		if (has_chores(writer->server->store))
			idle(writer);
		else
			pthread_cond_wait(&writer->more, &writer->lock);
	struct work *list = writer->first, *end = list;
	*items = list != NULL;
	while (end && end->next && *items < MAX_GROUP) {
		end = end->next;
		(*items)++;
	}
	if (end) {
		writer->first = end->next;
		end->next = NULL;
		if (!writer->first)
			writer->last = &writer->first;
	} else {
		writer->stopped = true;
	}
	pthread_mutex_unlock(&writer->lock);
	return list;
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	struct work *list;
	int64_t items;
	while ((list = take(writer, &items))) {
		run_group(writer, list, items);
		if (store_unindexed(writer->server->store) >= INDEX_LATE)
			store_index_some(writer->server->store, (int)items + INDEX_SLICE);
	}
	return NULL;
}

struct writer *writer_new(struct server *server)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (!writer)
		return NULL;
	writer->server = server;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->more, NULL);
	if (!pthread_create(&writer->thread, NULL, run, writer))
		return writer;
	log_line(LOG_LEVEL_ERROR, "no thread for the writer", NULL);
	free(writer);
	return NULL;
}

void writer_push(struct writer *writer, struct work *work)
{
	work->next = NULL;
	pthread_mutex_lock(&writer->lock);
	bool late = writer->stopped;
	if (!late) {
		bool idle = !writer->first;
		*writer->last = work;
		writer->last = &work->next;
		if (idle)
			pthread_cond_signal(&writer->more);
	}
	pthread_mutex_unlock(&writer->lock);
	if (!late)
		return;
	struct group group = {
	    .server = writer->server, .store = writer->server->store, .now = clock_wall_ms()};
	struct request *request = work->request;
	work->kind->done(work, &group, WORK_FAILED);
	if (request)
		request_resume(request);
	wake_polls(group.wake);
}

void writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	pthread_cond_destroy(&writer->more);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
