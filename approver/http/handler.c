/* handler.c: how a request comes in and its answer goes out.
 *
 * The library calls `handle` once with the head, then for each piece of the body, then once with none; and
 * again each time a suspended connection was resumed.  Sign-in is settled at the head, before a byte of body
 * is kept; a request that is refused there still has its body read away, so that its answer arrives and the
 * connection stays good.  A body over MAX_BODY is read away as well, up to a point, for the same reason.
 *
 * Memory: a connection keeps a small pool of the library's own; bodies are collected here and freed with
 * their request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/handler.h"
#include "approver/http/auth.h"
#include "approver/http/connections.h"
#include "approver/http/metrics.h"
#include "approver/http/routes.h"
#include "common/log.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECTION_MEMORY = 6144,
	CONNECTION_INCREMENT = 1024,
	STACK_BYTES = 512 * 1024,
	READ_AWAY = 16 * MAX_BODY
};

static const char priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:%SERVER_PRECEDENCE:"
    "+CHACHA20-POLY1305";

/* ── a request's beginning ─────────────────────────────────────────────────────────────────────────────── */

static size_t content_length(struct MHD_Connection *http)
{
	const char *text = MHD_lookup_connection_value(http, MHD_HEADER_KIND, "Content-Length");
	return text ? (size_t)strtoull(text, NULL, 10) : 0;
}

static struct connection *connection_of(struct MHD_Connection *http)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static struct request *begin(struct server *server, struct MHD_Connection *http, const char *method,
			     const char *path)
{
	struct request *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->server = server;
	r->http = http;
	r->connection = connection_of(http);
	server->active++;
	metric_add(METRIC_REQUESTS, 1);
	connection_begins(server->connections, r->connection);
	bool other;
	r->route = route_find(method, path, r->param, &other);
	if (!r->route)
		answer_problem(r, other ? PROBLEM_METHOD : PROBLEM_NOT_FOUND,
			       other ? "this address has no such method" : "no such address");
	else if (r->route->least != ROLE_NOBODY)
		auth_operator(r, r->route->least);
	size_t length = content_length(http);
	if (!r->status && length > MAX_BODY)
		answer_problem(r, PROBLEM_TOO_LARGE, "a body may have 1 MiB");
	else if (!r->status && length)
		buf_reserve(&r->body, length);
	return r;
}

static void completed(void *arg, struct MHD_Connection *http, void **context,
		      enum MHD_RequestTerminationCode code)
{
	struct server *server = arg;
	struct request *r = *context;
	(void)http;
	(void)code;
	if (!r)
		return;
	if (r->abandoned)
		r->abandoned(r);
	buf_wipe(&r->body);
	buf_wipe(&r->out);
	free(r);
	*context = NULL;
	server->active--;
}

/* ── its body ──────────────────────────────────────────────────────────────────────────────────────────── */

/* false: so much too large that the connection is ended. */
static bool take_body(struct request *r, const char *data, size_t len)
{
	r->received += len;
	if (r->received > READ_AWAY)
		return false;
	if (r->status)
		return true;
	if (r->received > MAX_BODY) {
		buf_finish(&r->body);
		answer_problem(r, PROBLEM_TOO_LARGE, "a body may have 1 MiB");
		return true;
	}
	buf_add(&r->body, data, len);
	if (r->body.failed)
		answer_unavailable(r);
	return true;
}

/* ── its answer ────────────────────────────────────────────────────────────────────────────────────────── */

static void add_headers(struct request *r, struct MHD_Response *response)
{
	char number[16];
	if (r->type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
	if (r->etag[0]) {
		char quoted[S256_LEN + 3];
		snprintf(quoted, sizeof quoted, "\"%s\"", r->etag);
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, quoted);
	}
	if (r->retry_after) {
		snprintf(number, sizeof number, "%d", r->retry_after);
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, number);
	}
	if (r->status == 401 && r->route && r->route->least != ROLE_NOBODY)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"whosh\"");
	if (r->cache)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, r->cache);
	else if (r->operator_account || r->stream)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

static enum MHD_Result send_answer(struct request *r)
{
	struct MHD_Response *response = r->stream;
	if (!response) {
		size_t len = r->out.len;
		char *data = len ? buf_take(&r->out) : NULL;
		response =
		    data ? MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE)
			 : MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
		if (!response) {
			free(data);
			return MHD_NO;
		}
	}
	add_headers(r, response);
	enum MHD_Result result = MHD_queue_response(r->http, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *http, const char *path, const char *method,
			      const char *version, const char *data, size_t *len, void **context)
{
	struct server *server = arg;
	struct request *r = *context;
	(void)version;
	if (!r) {
		*context = begin(server, http, method, path);
		return *context ? MHD_YES : MHD_NO;
	}
	if (*len) {
		bool good = take_body(r, data, *len);
		*len = 0;
		return good ? MHD_YES : MHD_NO;
	}
	request_fn *step = r->resumed;
	if (!r->running) {
		r->running = true;
		r->began_us = metric_clock_us();
		connection_complete(r->connection);
		step = r->route ? r->route->run : NULL;
	}
	r->resumed = NULL;
	r->abandoned = NULL;
	if (!r->status && step && !step(r))
		return MHD_YES; /* it waits; it may be gone to another thread already */
	return send_answer(r);
}

static void on_connection(void *arg, struct MHD_Connection *http, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info ? connection_open(server->connections, info->connect_fd) : NULL;
	} else if (*context) {
		connection_close(server->connections, *context);
		*context = NULL;
	}
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *format, va_list args)
{
	char text[512];
	(void)arg;
	vsnprintf(text, sizeof text, format, args);
	text[strcspn(text, "\n")] = '\0';
	log_line(LOG_LEVEL_DEBUG, "http library", "text", text, NULL);
}

int handler_start(struct server *server)
{
	const struct server_settings *s = &server->settings;
	/* poll and not epoll: under epoll the library turns in a circle while a TLS handshake waits for its
	 * client.  Commands that wait are suspended, and are not in what is polled. */
	unsigned flags =
	    MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_ERROR_LOG;
	server->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)SERVER_THREADS,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_HTTPS_MEM_KEY, s->tls_key,
	    MHD_OPTION_HTTPS_MEM_CERT, s->tls_cert, MHD_OPTION_HTTPS_PRIORITIES, priorities,
	    MHD_OPTION_TLS_NO_ALPN, 0, MHD_OPTION_CONNECTION_LIMIT, s->max_connections,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_INCREMENT,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
	    server, MHD_OPTION_END);
	if (server->daemon)
		return 0;
	log_line(LOG_LEVEL_ERROR,
		 "the HTTPS server could not be started: is the server's certificate usable?", NULL);
	return -1;
}

void handler_quiesce(struct server *server)
{
	int fd = MHD_quiesce_daemon(server->daemon);
	if (fd >= 0)
		close(fd);
}

void handler_stop(struct server *server)
{
	MHD_stop_daemon(server->daemon);
}
