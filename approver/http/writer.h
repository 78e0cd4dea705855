/* writer.h: the one thread that changes the store.
 *
 * The idea.  Whoever wants something written makes a `struct work` and hands it over.  The writer takes all
 * that waits, applies each inside one store group, commits once (one fsync for all), and only then lets each
 * work item say its answer: nothing is answered that is not on disk.  Under load groups grow by themselves;
 * with nothing else to do a single item is a group of one and waits for nobody.
 *
 * Permits are signed here, inside the group, because a permit names its own place in the log and places are
 * only certain in the order in which the group is written.  Signing is 23 µs against about as much for the
 * rows: one writer keeps up with the verification (62 µs) of three cores.
 *
 * An item whose apply returns WORK_DROPPED leaves nothing behind (a savepoint), and its neighbours are not
 * touched. When the store fails, no item of the group was kept, and each says so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_WRITER_H
#define WHOSH_HTTP_WRITER_H

#include "approver/http/server.h"

struct request;
struct poll;
struct work;

struct group {
	struct server *server;
	struct store *store;
	struct store_reader *reader; /* sees what was committed before this group */
	int64_t now;                 /* wall, ms: one time for the whole group */
	struct poll *wake;           /* polls to wake once all is answered */
	int error;                   /* errno of the last item that failed */
	bool new_row; /* an agent, credential, operator or kill that memory does not know yet */
	bool gone; /* a credential, agent, operator, key or hop ended, which memory does not know yet: nothing
		      is approved */
};

enum work_end {
	WORK_KEPT,    /* on disk */
	WORK_DROPPED, /* it decided against itself: nothing of it was kept */
	WORK_AGAIN, /* of apply only: nothing was kept; apply it again in the next group, which sees this one
		     */
	WORK_FAILED /* the store could not keep it */
};

struct work_kind {
	/* Inside the group; never WORK_KEPT after a store call has failed. */
	enum work_end (*apply)(struct work *work, struct group *group);
	/* After the commit or its failure, once, always: change memory, say the answer, free the work. */
	void (*done)(struct work *work, struct group *group, enum work_end end);
};

struct work {
	const struct work_kind *kind;
	struct request *request; /* suspended; resumed after `done`.  NULL: nobody waits */
	struct work *next;
	enum work_end end;
};

struct writer;

struct writer *writer_new(struct server *server);
/* Hand over.  After the end has begun `done` is called at once, on the calling thread, with WORK_FAILED, and
 * the request resumed: the caller does the same thing either way, and must not touch work or request after.
 */
void writer_push(struct writer *writer, struct work *work);
/* Write what waits, then end the thread. */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

#endif
