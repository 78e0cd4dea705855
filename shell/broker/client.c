/* client.c: HTTPS to the one approver, over libcurl's multi interface driven by the broker's loop.
 *
 * A burst of 2,000 shells must not open 2,000 connections, and a request's time limit should not run while it
 * waits its turn, so calls queue here and not in libcurl: at most `limit` are under way, the rest wait in
 * order.  Live polls, which last half a minute each, go ahead of the queue and have connections of their own.
 *
 * Callbacks are called from `drain` only, that is, never from inside libcurl, so they may start and cancel
 * calls.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/client.h"
#include "common/clock.h"
#include "shell/broker/handle.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum {
	AHEAD = 2,
	KEPT_HANDLES = 64,
	SILENT_MS = 10000, /* nobody who queues waits longer for an approver that does not answer at all */
	QUEUE_MS = 40000   /* nor longer than this for one that does */
};

struct call {
	struct client *client;
	struct call *next, **back; /* in the queue, under way, or done and waiting for drain */
	struct client_request request;
	char *url;
	int64_t queued; /* since when (clock_mono_ms) */
	CURL *easy;     /* NULL: queued */
	struct curl_slist *headers;
	struct reply reply;
	client_done *done;
	void *arg;
};

/* One of libcurl's sockets. */
struct line {
	struct watch watch;
	struct client *client;
	struct line *next; /* gone: to be freed when libcurl is left */
};

struct client {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	char *approver, *ca;
	size_t limit, active;
	struct call *queue, **queue_end, *running;
	CURL *spare[KEPT_HANDLES];
	size_t spares;
	struct line *gone;
	int64_t last_answer;
};

static void drain(struct client *client);
static void start_queued(struct client *client);

static void call_link(struct call *call, struct call **head)
{
	call->next = *head;
	if (call->next)
		call->next->back = &call->next;
	call->back = head;
	*head = call;
}

static void call_unlink(struct call *call)
{
	struct client *client = call->client;
	*call->back = call->next;
	if (call->next)
		call->next->back = call->back;
	else if (client->queue_end == &call->next)
		client->queue_end = call->back;
	call->next = NULL;
	call->back = NULL;
}

/* ── libcurl's sockets and timer, in the loop ── */

static void free_gone(struct client *client)
{
	while (client->gone) {
		struct line *next = client->gone->next;
		free(client->gone);
		client->gone = next;
	}
}

static void step(struct client *client, curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(client->multi, fd, events, &running);
	free_gone(client);
	drain(client);
}

static void line_ready(struct watch *watch, uint32_t events)
{
	struct line *line = container_of(watch, struct line, watch);
	int action = (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP) ? CURL_CSELECT_IN : 0) |
		     (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
	step(line->client, watch->fd, action);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	(void)easy;
	struct client *client = arg;
	struct line *line = assigned;
	if (what == CURL_POLL_REMOVE) {
		if (!line)
			return 0;
		loop_unwatch(client->loop, &line->watch);
		curl_multi_assign(client->multi, fd, NULL);
		line->next = client->gone;
		client->gone = line;
		return 0;
	}
	if (!line) {
		line = calloc(1, sizeof *line);
		if (!line)
			return -1;
		line->client = client;
		line->watch = (struct watch){.fd = fd, .ready = line_ready};
		curl_multi_assign(client->multi, fd, line);
	}
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	return loop_watch(client->loop, &line->watch, events) ? 0 : -1;
}

static void timer_fired(struct timer *timer)
{
	step(container_of(timer, struct client, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	struct client *client = arg;
	if (ms < 0)
		loop_timer_stop(client->loop, &client->timer);
	else
		loop_timer_set(client->loop, &client->timer, ms);
	return 0;
}

/* ── calls ── */

static void call_free(struct call *call)
{
	struct client *client = call->client;
	if (call->easy) {
		curl_multi_remove_handle(client->multi, call->easy);
		handle_rest(call->easy);
		if (client->spares < KEPT_HANDLES)
			client->spare[client->spares++] = call->easy;
		else
			curl_easy_cleanup(call->easy);
		if (!(call->request.flags & CLIENT_AHEAD))
			client->active--;
	}
	curl_slist_free_all(call->headers);
	buf_finish(&call->reply.body);
	free(call->url);
	free(call);
}

/* Hand a call to libcurl.  On failure its callback gets an answer that says so, from drain, like any other.
 */
static void call_start(struct call *call)
{
	struct client *client = call->client;
	call_unlink(call);
	call_link(call, &client->running);
	call->easy = client->spares ? client->spare[--client->spares] : handle_new(client->ca);
	if (call->easy && !(call->request.flags & CLIENT_AHEAD))
		client->active++;
	if (call->easy && handle_aim(call->easy, call->url, &call->request, call->headers, &call->reply) &&
	    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call) == CURLE_OK &&
	    curl_multi_add_handle(client->multi, call->easy) == CURLM_OK)
		return;
	call->reply.broken = true;
	loop_timer_set(client->loop, &client->timer, 0);
}

static void start_queued(struct client *client)
{
	while (client->queue && client->active < client->limit)
		call_start(client->queue);
}

static void finish(struct call *call, CURLcode code)
{
	struct client *client = call->client;
	struct answer answer = {.body = &call->reply.body};
	handle_answer(call->easy, code, &call->reply, &answer);
	if (answer.failure == FAILURE_NONE)
		client->last_answer = clock_mono_ms();
	client_done *done = call->done;
	void *arg = call->arg;
	call_unlink(call);
	/* The connection goes back to the pool first, so that what `done` starts can use it. */
	struct reply reply = call->reply;
	call->reply.body = (struct buf)BUF_INIT;
	answer.body = &reply.body;
	if (answer.error == call->reply.error)
		answer.error = reply.error;
	call_free(call);
	done(arg, &answer);
	buf_finish(&reply.body);
}

static struct call *broken_call(const struct client *client)
{
	for (struct call *call = client->running; call; call = call->next)
		if (call->reply.broken)
			return call;
	return NULL;
}

/* Turn away those at the head of the queue who have waited in vain. */
static void thin_queue(struct client *client)
{
	int64_t now = clock_mono_ms();
	for (struct call *call; (call = client->queue);) {
		int64_t waited = now - call->queued;
		if (waited < SILENT_MS || (waited < QUEUE_MS && now - client->last_answer < SILENT_MS))
			return;
		const struct buf nothing = BUF_INIT;
		const struct answer answer = {.failure = FAILURE_TRANSIENT,
					      .error = "the approver does not answer",
					      .body = &nothing,
					      .took = waited};
		client_done *done = call->done;
		void *arg = call->arg;
		call_unlink(call);
		call_free(call);
		done(arg, &answer);
	}
}

static void drain(struct client *client)
{
	int left;
	for (const CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
		if (message->msg != CURLMSG_DONE)
			continue;
		char *call;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		finish((struct call *)(void *)call, code);
	}
	for (struct call *call; (call = broken_call(client));)
		finish(call, CURLE_OUT_OF_MEMORY);
	thin_queue(client);
	start_queued(client);
}

struct call *client_call(struct client *client, const struct client_request *request, client_done *done,
			 void *arg)
{
	struct call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	call->client = client;
	call->queued = clock_mono_ms();
	call->request = *request;
	call->done = done;
	call->arg = arg;
	call->reply.max = request->max;
	call->headers = handle_headers(request->type, request->credential);
	if (!call->headers || asprintf(&call->url, "%s%s", client->approver, request->path) < 0) {
		call->url = NULL;
		call_free(call);
		return NULL;
	}
	if (request->flags & CLIENT_AHEAD) {
		call_link(call, &client->running);
		call_start(call);
		return call;
	}
	call_link(call, client->queue_end);
	client->queue_end = &call->next;
	start_queued(client);
	return call;
}

bool client_queued(const struct call *call)
{
	return !call->easy && !call->reply.broken;
}

void client_cancel(struct call *call)
{
	struct client *client = call->client;
	call_unlink(call);
	call_free(call);
	free_gone(client);
	if (client->queue)
		loop_timer_set(client->loop, &client->timer, 0);
}

int64_t client_last_answer(const struct client *client)
{
	return client->last_answer;
}

/* ── life ── */

struct client *client_new(struct loop *loop, const char *approver, const char *ca, size_t connections)
{
	struct client *client = calloc(1, sizeof *client);
	if (!client)
		return NULL;
	client->loop = loop;
	client->limit = connections;
	client->queue_end = &client->queue;
	client->timer.fire = timer_fired;
	client->approver = strdup(approver);
	client->ca = strdup(ca);
	client->multi = curl_multi_init();
	if (!client->approver || !client->ca || !client->multi) {
		client_free(client);
		return NULL;
	}
	for (size_t len = strlen(client->approver); len && client->approver[len - 1] == '/';)
		client->approver[--len] = 0;
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)(connections + AHEAD));
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	for (struct call *call; (call = client->queue ? client->queue : client->running);) {
		call_unlink(call);
		call_free(call);
	}
	while (client->spares)
		curl_easy_cleanup(client->spare[--client->spares]);
	if (client->multi)
		curl_multi_cleanup(client->multi);
	loop_timer_stop(client->loop, &client->timer);
	free_gone(client);
	free(client->approver);
	free(client->ca);
	free(client);
}
