/* alerts.c: a key or a session in two hands.
 *
 * Whose key signed a command that names another agent is not known until it is searched for, one signature
 * check a key.  That is done after the refusal is certain, once a second for an address after a burst, so
 * many keys at a time and a second in all (a quarter of a core); a search goes on where the last one ended,
 * so that in a house of more keys it still finds, later.  A key that the request names needs no search.
 *
 * When an alert of a kind about an agent was last kept is marked in the agent, and the mark taken back when
 * the store could not keep it: the next one after a while is lost to no limit.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/alerts.h"
#include "approver/http/bucket.h"
#include "approver/identity/identity.h"
#include "approver/http/metrics.h"
#include "approver/http/refusals.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALERT_BURST = 20, SURE_MS = 10000, SEARCH_BURST = 8, SEARCH_KEYS = 1024, PLACES = 256 };
_Static_assert(ALERT_KINDS == (int)ALERTS_OF_AGENT, "one mark for each kind");

static const char *const names[ALERT_KINDS] = {"key_enrolled_twice", "key_of_another_agent",
					       "session_of_two_keys"};

struct alert_work {
	struct work work;
	struct agent *agent;
	enum alert_kind kind;
	bool sure;
	size_t len;
	char body[];
};

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
		if (w->sure)
			w->agent->alerted[w->kind] = 0;
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
	static struct bucket bucket = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = ALERT_BURST, .rate = 1};
	struct agent *agent = alert->credential->agent;
	int64_t now = clock_mono_ms(), last = agent->alerted[alert->kind];
	metric_add((enum metric)(METRIC_ALERT_KEY_ENROLLED + (int)alert->kind), 1);
	bool sure = (!last || now - last >= SURE_MS) &&
		    atomic_compare_exchange_strong(&agent->alerted[alert->kind], &last, now);
	if (!bucket_take(&bucket, 1) && !sure)
		return;
	struct buf body BUF_AUTO = BUF_INIT;
	describe(&body, alert);
	log_line(LOG_LEVEL_ERROR, "alert", "alert", names[alert->kind], "reason", alert->reason, "agent",
		 agent->id, "credential", alert->credential->id, NULL);
	struct alert_work *w = body.failed ? NULL : calloc(1, sizeof *w + body.len);
	if (!w) {
		log_line(LOG_LEVEL_WARNING, "an alert could not be recorded", "agent", agent->id, NULL);
		if (sure)
			agent->alerted[alert->kind] = 0;
		return;
	}
	w->work.kind = &kind;
	w->agent = agent;
	w->kind = alert->kind;
	w->sure = sure;
	w->len = body.len;
	memcpy(w->body, body.data, body.len);
	writer_push(server->writer, &w->work);
}

/* ── whose key was it? ─────────────────────────────────────────────────────────────────────────────────── */

/* May this address have another search?  Addresses share places by hash, so that one that sends rubbish
 * seldom keeps another's stolen key from being found. */
static bool address_may(struct request *r)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct bucket places[PLACES];
	char address[ADDRESS_SIZE];
	uint32_t h = 2166136261u;
	request_address(r, address);
	for (const char *c = address; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	struct bucket *place = &places[h % PLACES];
	pthread_mutex_lock(&lock);
	if (!place->most) {
		pthread_mutex_init(&place->lock, NULL);
		place->most = SEARCH_BURST;
		place->rate = 1;
	}
	pthread_mutex_unlock(&lock);
	return bucket_take(place, 1);
}

/* NULL: none that was looked at, or none was. */
static struct credential *search(struct request *r)
{
	static struct bucket checks = {
	    .lock = PTHREAD_MUTEX_INITIALIZER, .most = 8 * SEARCH_KEYS, .rate = 4 * SEARCH_KEYS};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct credential *some[SEARCH_KEYS];
	static size_t from;
	struct credential *found = identity_named(r);
	if (found && jws_verify(r->body.data, r->body.len, found->key))
		return found;
	found = NULL;
	if (!address_may(r))
		return NULL;
	pthread_mutex_lock(&lock); /* one at a time */
	size_t n = registry_some(r->server->registry, &from, some, SEARCH_KEYS);
	if (bucket_take(&checks, (int64_t)n))
		for (size_t i = 0; i < n && !found; i++)
			if (jws_verify(r->body.data, r->body.len, some[i]->key))
				found = some[i];
	pthread_mutex_unlock(&lock);
	return found;
}

bool refuse_signature(struct request *r, const char *reason, const char *agent)
{
	char text[256];
	struct credential *credential = search(r);
	if (credential && strcmp(credential->agent->id, agent) != 0) {
		snprintf(text, sizeof text, "the key %s of agent %s was used as agent %s", credential->id,
			 credential->agent->id, agent);
		const struct alert alert = {
		    .kind = ALERT_KEY_USED, .reason = text, .credential = credential, .other_agent = agent};
		alert_raise(r->server, &alert);
		return refuse(r, PROBLEM_IDENTITY, reason, agent, credential->id);
	}
	/* One of its own that was too long ago to be tried. */
	bool revoked = false;
	const char *why = credential ? identity_unusable(credential, clock_wall_ms(), &revoked) : NULL;
	return refuse(r, revoked ? PROBLEM_REVOKED : PROBLEM_IDENTITY, why ? why : reason, agent,
		      credential ? credential->id : NULL);
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
