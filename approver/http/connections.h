/* connections.h: open connections, so that slow clients can be ended.
 *
 * The HTTP library closes a connection that is idle, but a client that sends one byte now and then is never
 * idle. A connection has so long to bring its first whole request, and each later request so long from its
 * head to its end; after that its socket is shut down, which the library notices.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_CONNECTIONS_H
#define WHOSH_HTTP_CONNECTIONS_H

#include <stdint.h>

struct connections;
struct connection;

struct connections *connections_new(int64_t slow_ms);
void connections_free(struct connections *connections);
/* A new connection: TCP_NODELAY, and its time begins.  NULL when out of memory: it is then not watched. */
struct connection *connection_open(struct connections *connections, int fd);
void connection_close(struct connections *connections, struct connection *connection);
/* The head of a request is here; the whole request is here.  NULL is allowed. */
void connection_begins(struct connections *connections, struct connection *connection);
void connection_complete(struct connection *connection);
/* End those whose time is over. */
void connections_end_slow(struct connections *connections);
int64_t connections_count(struct connections *connections);

#endif
