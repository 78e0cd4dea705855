/* events.c: server-sent events from the log.
 *
 * A stream's reader runs on an HTTP thread whenever its client can take more.  When the log has nothing new
 * for it the connection is suspended, and events_committed resumes it.  Lock order: ours, then the HTTP
 * library's.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/events.h"
#include "approver/command/model_change.h"
#include "approver/http/record.h"
#include "approver/identity/registry.h"
#include "approver/http/request.h"
#include "approver/policy/policy.h"
#include "common/json.h"
#include "common/jws.h"
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FAR_BEHIND = 500, AT_ONCE = 16 };

struct stream {
	struct stream *prev, *next;
	struct events *events;
	struct request *request;
	int64_t next_index;
	struct buf out; /* formatted, not sent yet */
	bool waiting, ping;
};

struct events {
	struct server *server;
	pthread_mutex_t lock;
	struct stream streams; /* head of the circular list */
	_Atomic int64_t n;
	int64_t size;
	bool ending;
};

struct events *events_new(struct server *server)
{
	struct events *events = calloc(1, sizeof *events);
	if (!events)
		return NULL;
	events->server = server;
	events->size = server->log_size;
	events->streams.prev = events->streams.next = &events->streams;
	pthread_mutex_init(&events->lock, NULL);
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	pthread_mutex_destroy(&events->lock);
	free(events);
}

int64_t events_subscribers(struct events *events)
{
	return events->n;
}

/* Under the lock. */
static void wake_all(struct events *events)
{
	for (struct stream *s = events->streams.next; s != &events->streams; s = s->next) {
		if (!s->waiting)
			continue;
		s->waiting = false;
		request_resume(s->request);
	}
}

void events_committed(struct events *events, int64_t size)
{
	pthread_mutex_lock(&events->lock);
	events->size = size;
	wake_all(events);
	pthread_mutex_unlock(&events->lock);
}

void events_ping(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	for (struct stream *s = events->streams.next; s != &events->streams; s = s->next)
		s->ping = true;
	wake_all(events);
	pthread_mutex_unlock(&events->lock);
}

void events_end(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	events->ending = true;
	wake_all(events);
	pthread_mutex_unlock(&events->lock);
}

/* The name that an event has in the stream; NULL: not shown. */
static const char *shown_as(enum event_kind kind)
{
	static const char *const names[EVENT_KINDS] = {
	    [EVENT_COMMAND_REQUESTED] = "review",
	    [EVENT_COMMAND_DECIDED] = "decided",
	    [EVENT_COMMAND_OUTCOME] = "outcome",
	    [EVENT_COMMAND_UNKNOWN] = "outcome",
	};
	return names[kind];
}

/* The ID of the command that an event is about. */
static char *command_of(enum event_kind kind, const char *body, size_t len)
{
	if (kind != EVENT_COMMAND_UNKNOWN)
		return event_signed_subject(kind, body, len);
	cJSON *tree JSON_AUTO = json_parse(body, len, NULL);
	const char *id = json_string(tree, "command");
	return id ? strdup(id) : NULL;
}

/* An event whose body is all there is to say. */
static void format_body(struct stream *s, const char *name, int64_t index, const char *body)
{
	buf_addf(&s->out, "event: %s\nid: %" PRId64 "\ndata: ", name, index);
	record_masked_json(&s->out, body, s->events->server->secrets);
	buf_adds(&s->out, "\n\n");
}

/* A change of model is an event of its own: nothing of it is the command's to tell. */
static void format_model(struct stream *s, int64_t index, int64_t ms, const char *body, size_t len)
{
	struct buf data BUF_AUTO = BUF_INIT;
	if (model_change_tell(&data, body, len, ms) && !data.failed)
		format_body(s, "model", index, data.data);
}

static void format_event(struct stream *s, struct store_reader *reader, int64_t index)
{
	enum event_kind kind;
	int64_t ms;
	char *body = NULL;
	size_t len = 0;
	if (store_event(reader, index, &kind, &ms, &body, &len) != 1 || !body)
		return;
	if (kind == EVENT_MODEL_CHANGED)
		format_model(s, index, ms, body, len);
	if (kind == EVENT_ALERT || kind == EVENT_KILL || kind == EVENT_UNKILL)
		format_body(s, event_kind_name(kind), index, body);
	const char *name = shown_as(kind);
	char *id = name ? command_of(kind, body, len) : NULL;
	free(body);
	struct command_row row;
	if (id && store_command(reader, id, &row) == 1) {
		bool review = kind == EVENT_COMMAND_REQUESTED;
		/* A request is news for people only while a person is needed. */
		if (!review || row.state == COMMAND_PENDING) {
			buf_addf(&s->out, "event: %s\nid: %" PRId64 "\ndata: ", name, index);
			record_open(&s->out, &row, s->events->server->secrets);
			if (review)
				record_pending(&s->out, &row);
			buf_adds(&s->out, "}\n\n");
		}
		command_row_finish(&row);
	}
	free(id);
}

static int64_t size_now(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	int64_t size = events->size;
	pthread_mutex_unlock(&events->lock);
	return size;
}

/* Format what the log has for this stream, some of it. */
static void fill(struct stream *s)
{
	struct store_reader *reader = server_reader(s->events->server);
	int64_t size = size_now(s->events);
	if (!reader)
		return;
	if (size - s->next_index > FAR_BEHIND) {
		buf_addf(&s->out, ": %" PRId64 " events were left out\n\n", size - s->next_index - AT_ONCE);
		s->next_index = size - AT_ONCE;
	}
	for (int i = 0; i < AT_ONCE && s->next_index < size; i++)
		format_event(s, reader, s->next_index++);
}

/* Nothing to send: wait, unless there is something after all.  True when the reader must return *result now;
 * the stream may be resumed on another thread from then on. */
static bool wait_for_more(struct stream *s, ssize_t *result)
{
	struct events *events = s->events;
	bool leave = true;
	*result = 0;
	pthread_mutex_lock(&events->lock);
	if (events->ending) {
		*result = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (s->ping) {
		s->ping = false;
		buf_adds(&s->out, ":\n\n");
		leave = false;
	} else if (s->next_index < events->size) {
		leave = false;
	} else {
		s->waiting = true;
		request_suspend(s->request);
	}
	pthread_mutex_unlock(&events->lock);
	return leave;
}

static ssize_t read_stream(void *arg, uint64_t position, char *into, size_t max)
{
	struct stream *s = arg;
	(void)position;
	while (!s->out.len) {
		/* Signed in when it began; removed since, perhaps. */
		if (s->request->operator_account->disabled)
			return MHD_CONTENT_READER_END_OF_STREAM;
		fill(s);
		if (s->out.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (s->out.len)
			break;
		ssize_t result;
		if (wait_for_more(s, &result))
			return result;
	}
	size_t n = s->out.len < max ? s->out.len : max;
	memcpy(into, s->out.data, n);
	buf_drop(&s->out, n);
	return (ssize_t)n;
}

static void free_stream(void *arg)
{
	struct stream *s = arg;
	pthread_mutex_lock(&s->events->lock);
	s->prev->next = s->next;
	s->next->prev = s->prev;
	pthread_mutex_unlock(&s->events->lock);
	s->events->n--;
	buf_finish(&s->out);
	free(s);
}

bool events_subscribe(struct events *events, struct request *r, int64_t last)
{
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return answer_unavailable(r);
	s->events = events;
	s->request = r;
	buf_adds(&s->out, ": whosh\n\n"); /* so that the head of the answer goes out at once */
	pthread_mutex_lock(&events->lock);
	s->next_index = last < 0 || last >= events->size ? events->size : last + 1;
	s->prev = events->streams.prev;
	s->next = &events->streams;
	s->prev->next = s;
	events->streams.prev = s;
	pthread_mutex_unlock(&events->lock);
	events->n++;
	r->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, s, free_stream);
	if (!r->stream) {
		free_stream(s);
		return answer_unavailable(r);
	}
	r->status = 200;
	r->type = "text/event-stream";
	return true;
}
