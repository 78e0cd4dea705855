/* alerts.c: a key or a session in two hands.
 *
 * Whose key signed a command that names another agent is not known until it is searched for, one signature
 * check a key.  That is done after the refusal is certain, a few times a second and so many keys at a time;
 * a search goes on where the last one ended, so that in a house of more keys it still finds, later.
 *
 * The first alert of a kind about an agent is marked in the agent, and the mark taken back when the store
 * could not keep it: it is lost to no limit.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/alerts.h"
#include "approver/http/metrics.h"
#include "approver/http/refusals.h"
#include "approver/http/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALERT_BURST = 20, SEARCH_BURST = 8, SEARCH_KEYS = 1024 };

static const char *const names[ALERT_KINDS] = {"key_enrolled_twice", "key_of_another_agent",
					       "session_of_two_keys"};

struct alert_work {
	struct work work;
	struct agent *agent;
	unsigned mark;
	bool first;
	size_t len;
	char body[];
};

/* So many at once, and then one a second. */
struct bucket {
	pthread_mutex_t lock;
	int64_t filled, tokens, most;
};

static bool may(struct bucket *b)
{
	int64_t now = clock_mono_ms() / 1000;
	pthread_mutex_lock(&b->lock);
	b->tokens = b->filled ? b->tokens + now - b->filled : b->most;
	b->filled = now;
	if (b->tokens > b->most)
		b->tokens = b->most;
	bool yes = b->tokens > 0;
	b->tokens -= yes;
	pthread_mutex_unlock(&b->lock);
	return yes;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct alert_work *w = (struct alert_work *)work;
	return store_alert_add(group->store, group->now, w->agent->id, w->body, w->len) < 0 ? WORK_FAILED
											    : WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	(void)group;
	struct alert_work *w = (struct alert_work *)work;
	if (end == WORK_FAILED) {
		log_line(LOG_LEVEL_WARNING, "an alert could not be recorded", "agent", w->agent->id, NULL);
		if (w->first)
			w->agent->alerted &= ~w->mark;
	}
	free(w);
}

static void member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value, strlen(value));
}

static void describe(struct buf *out, const struct alert *alert)
{
	buf_addf(out, "{\"alert\":\"%s\"", names[alert->kind]);
	member(out, "reason", alert->reason);
	member(out, "agent", alert->credential->agent->id);
	member(out, "credential", alert->credential->id);
	member(out, "other_agent", alert->other_agent);
	member(out, "other_credential", alert->other_credential);
	member(out, "session", alert->session);
	buf_addc(out, '}');
}

void alert_raise(struct server *server, const struct alert *alert)
{
	static const struct work_kind kind = {apply, done};
	static struct bucket bucket = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = ALERT_BURST};
	struct agent *agent = alert->credential->agent;
	unsigned mark = 1u << alert->kind;
	metric_add((enum metric)(METRIC_ALERT_KEY_ENROLLED + (int)alert->kind), 1);
	bool first = !(atomic_fetch_or(&agent->alerted, mark) & mark);
	if (!may(&bucket) && !first)
		return;
	struct buf body BUF_AUTO = BUF_INIT;
	describe(&body, alert);
	log_line(LOG_LEVEL_ERROR, "alert", "alert", names[alert->kind], "reason", alert->reason, "agent",
		 agent->id, "credential", alert->credential->id, NULL);
	struct alert_work *w = body.failed ? NULL : calloc(1, sizeof *w + body.len);
	if (!w) {
		log_line(LOG_LEVEL_WARNING, "an alert could not be recorded", "agent", agent->id, NULL);
		if (first)
			agent->alerted &= ~mark;
		return;
	}
	w->work.kind = &kind;
	w->agent = agent;
	w->mark = mark;
	w->first = first;
	w->len = body.len;
	memcpy(w->body, body.data, body.len);
	writer_push(server->writer, &w->work);
}

/* ── whose key was it? ─────────────────────────────────────────────────────────────────────────────────── */

/* NULL: none that was looked at, or none was. */
static struct credential *search(struct registry *registry, const struct buf *jws)
{
	static struct bucket bucket = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = SEARCH_BURST};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct credential *some[SEARCH_KEYS];
	static size_t from;
	struct credential *found = NULL;
	if (!may(&bucket) || pthread_mutex_trylock(&lock))
		return NULL;
	size_t n = registry_some(registry, &from, some, SEARCH_KEYS);
	for (size_t i = 0; i < n && !found; i++)
		if (jws_verify(jws->data, jws->len, some[i]->key))
			found = some[i];
	pthread_mutex_unlock(&lock);
	return found;
}

bool refuse_signature(struct request *r, const char *reason, const char *agent)
{
	char text[256];
	struct credential *credential = search(r->server->registry, &r->body);
	if (credential && strcmp(credential->agent->id, agent) != 0) {
		snprintf(text, sizeof text, "the key %s of agent %s was used as agent %s", credential->id,
			 credential->agent->id, agent);
		const struct alert alert = {
		    .kind = ALERT_KEY_USED, .reason = text, .credential = credential, .other_agent = agent};
		alert_raise(r->server, &alert);
	}
	return refuse(r, PROBLEM_IDENTITY, reason, agent, credential ? credential->id : NULL);
}

bool refuse_session(struct request *r, struct store_reader *reader, const char *session, const char *id)
{
	char text[320], *owner = NULL;
	struct registry *registry = r->server->registry;
	struct credential *credential = registry_credential(registry, id), *other = NULL;
	if (reader && store_session_owner(reader, session, &owner) == 1)
		other = registry_credential(registry, owner);
	free(owner);
	if (credential && other && credential_succeeds(other, credential))
		return refuse(r, PROBLEM_IDENTITY, "this session goes on with the key that replaced this one",
			      credential->agent->id, id);
	if (credential && other) {
		snprintf(text, sizeof text,
			 "the session %s of key %s of agent %s was used with key %s of agent %s", session,
			 other->id, other->agent->id, id, credential->agent->id);
		const struct alert alert = {.kind = ALERT_SESSION,
					    .reason = text,
					    .credential = credential,
					    .other_agent = other->agent->id,
					    .other_credential = other->id,
					    .session = session};
		alert_raise(r->server, &alert);
	}
	return refuse(r, PROBLEM_IDENTITY, "this session belongs to another key",
		      credential ? credential->agent->id : NULL, id);
}
