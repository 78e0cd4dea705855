/* request.h: one HTTP request on its way through the approver, and how it is answered.
 *
 * A handler either answers before it returns true, or returns false having called request_suspend and handed
 * the request to the writer or the live table; it must not touch the request after that.  Whoever has it then
 * fills in the answer and calls request_resume.  `resumed`, when set, is called on the HTTP thread first: it
 * may answer there (reading the store off the writer's thread) or wait again, by the same rule.  When the
 * client has gone by then the library may end the request without asking us again: whoever keeps a `context`
 * while it waits sets `abandoned` as well, which then is called instead.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_REQUEST_H
#define WHOSH_HTTP_REQUEST_H

#include "approver/command/live.h"
#include "approver/http/server.h"
#include "common/buf.h"

struct MHD_Connection;
struct MHD_Response;
struct connection;
struct operator_account;
struct poll;
struct request;
struct route;

typedef bool request_fn(struct request *request);

struct request {
	struct server *server;
	struct MHD_Connection *http;
	struct connection *connection;
	const struct route *route;
	struct operator_account *operator_account; /* signed in; NULL on routes for brokers */
	char param[68];                            /* the ID in the path */
	struct buf body;
	size_t received;
	bool running; /* the whole request is here and its handler has it */
	request_fn *resumed;
	void (*abandoned)(struct request *request);
	void *context; /* the handler's, while it waits */
	struct request *wake_next;
	int64_t began_us; /* when the whole request was here */

	int status;        /* 0: not answered yet */
	const char *type;  /* of the content: a literal */
	const char *cache; /* Cache-Control, a literal; NULL: no-store for whoever signed in, else nothing */
	struct buf out;
	struct MHD_Response *stream; /* instead of out */
	char etag[S256_LEN + 1];
	int retry_after; /* seconds; 0: none */
};

enum problem {
	PROBLEM_MALFORMED,
	PROBLEM_IDENTITY,
	PROBLEM_REVOKED,
	PROBLEM_REPLAY,
	PROBLEM_TOO_LARGE,
	PROBLEM_EXPIRED,
	PROBLEM_UNAVAILABLE,
	PROBLEM_RATE,
	PROBLEM_NOT_FOUND,
	PROBLEM_CONFLICT,
	PROBLEM_FORBIDDEN,
	PROBLEM_SIGN_IN,
	PROBLEM_METHOD
};

/* Each sets the whole answer and returns true, so that a handler can `return answer_…`. */
bool answer_problem(struct request *request, enum problem problem, const char *detail);
bool answer_problemf(struct request *request, enum problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* 503 with a Retry-After: `unwritable`, or the approver is ending. */
bool answer_unavailable(struct request *request);
/* What is in request->out. */
bool answer_json(struct request *request, int status);
bool answer_out(struct request *request, int status, const char *type);
bool answer_empty(struct request *request); /* 204 */

/* The connection is not read until request_resume. */
void request_suspend(struct request *request);
void request_resume(struct request *request);

/* A query argument; NULL when absent or empty. */
const char *request_query(struct request *request, const char *name);
/* A header of the request; NULL when absent. */
const char *request_header(struct request *request, const char *name);
/* The address it came from, as text. */
void request_address(struct request *request, char out[ADDRESS_SIZE]);
/* The body as a JSON object with only these members; NULL with the problem answered. */
struct cJSON *request_json(struct request *request, const char *const *names);

#endif
