/* client.h: HTTPS to the one approver: TLS 1.3, one pinned CA, connections kept alive; never blocking.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include "common/buf.h"
#include "shell/broker/loop.h"
#include "shell/broker/retry.h"

struct client;
struct call;

/* What came back.  Borrowed: good until the callback returns. */
struct answer {
	enum failure failure; /* FAILURE_NONE: there is an HTTP answer, whatever its status */
	const char *error;    /* for people, when there is none */
	int status;
	const struct buf *body;
	int64_t retry_after; /* ms, 0 when the approver named none */
	int64_t took;        /* ms, without the time in the queue */
};

typedef void client_done(void *arg, const struct answer *answer);

enum client_flags {
	CLIENT_AHEAD = 1 /* does not queue: live polls, which last long, have connections of their own */
};

struct client_request {
	const char *method;     /* GET, POST or DELETE */
	const char *path;       /* /v1/… */
	const char *type;       /* of the body, or NULL */
	const char *credential; /* whose signature the body bears, or NULL */
	const void *body;       /* must stay until the callback or client_cancel */
	size_t len;
	unsigned flags;
	int64_t timeout_ms; /* for all of it, from when it leaves the queue */
	size_t max;         /* bytes of the answer's body; more is a failure */
};

/* `approver` is https://HOST[:PORT], `ca` a PEM file; at most `connections` at once (and two for live polls).
 * NULL when libcurl cannot be set up. */
struct client *client_new(struct loop *loop, const char *approver, const char *ca, size_t connections);
/* Cancels what is still under way; no callback is called. */
void client_free(struct client *client);

/* Start a request, or queue it when all connections are busy.  `done` is called later, never from within this
 * call. NULL when out of memory. */
struct call *client_call(struct client *client, const struct client_request *request, client_done *done,
			 void *arg);
/* Does it still wait for its turn?  Then the approver has not seen a byte of it. */
bool client_queued(const struct call *call);
/* Forget a call whose callback has not come yet. */
void client_cancel(struct call *call);

/* When the last answer came (clock_mono_ms), 0 before the first. */
int64_t client_last_answer(const struct client *client);

/* What an answer that is not 2xx says, for people: the problem document's detail (RFC 9457) or the status;
 * the error when there is no answer.  Appended, visibly. */
void answer_explain(const struct answer *answer, struct buf *out);
/* The problem's kind (urn:whosh:problem:KIND), malloc'd; NULL when it is none of ours. */
char *answer_kind(const struct answer *answer);

#endif
