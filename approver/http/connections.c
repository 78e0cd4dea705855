/* connections.c: the list of open connections.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/connections.h"
#include "approver/http/metrics.h"
#include "common/clock.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

struct connection {
	struct connection *prev, *next;
	int fd;
	_Atomic int64_t deadline; /* 0: none */
};

struct connections {
	pthread_mutex_t lock;
	struct connection head;
	int64_t n, slow_ms;
};

struct connections *connections_new(int64_t slow_ms)
{
	struct connections *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	c->head.prev = c->head.next = &c->head;
	c->slow_ms = slow_ms;
	return c;
}

void connections_free(struct connections *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct connection *connection_open(struct connections *c, int fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection)
		return NULL;
	connection->fd = fd;
	connection->deadline = clock_mono_ms() + c->slow_ms;
	pthread_mutex_lock(&c->lock);
	connection->prev = c->head.prev;
	connection->next = &c->head;
	connection->prev->next = connection;
	c->head.prev = connection;
	c->n++;
	pthread_mutex_unlock(&c->lock);
	return connection;
}

void connection_close(struct connections *c, struct connection *connection)
{
	pthread_mutex_lock(&c->lock);
	connection->prev->next = connection->next;
	connection->next->prev = connection->prev;
	c->n--;
	pthread_mutex_unlock(&c->lock);
	free(connection);
}

void connection_begins(struct connections *c, struct connection *connection)
{
	if (connection && !connection->deadline)
		connection->deadline = clock_mono_ms() + c->slow_ms;
}

void connection_complete(struct connection *connection)
{
	if (connection)
		connection->deadline = 0;
}

void connections_end_slow(struct connections *c)
{
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&c->lock);
	for (struct connection *one = c->head.next; one != &c->head; one = one->next) {
		int64_t deadline = one->deadline;
		if (!deadline || now < deadline)
			continue;
		one->deadline = 0;
		shutdown(one->fd, SHUT_RDWR);
		metric_add(METRIC_SLOW_CLIENTS, 1);
	}
	pthread_mutex_unlock(&c->lock);
}

int64_t connections_count(struct connections *c)
{
	pthread_mutex_lock(&c->lock);
	int64_t n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}
