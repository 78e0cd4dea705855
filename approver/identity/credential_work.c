/* credential_work.c: issuing and rotating in the writer.
 *
 * The rules.  An agent has one credential of an operator's that may be used.  A rotation makes the next one,
 * good at once, and lets the last one go on until its window ends: two are the most.  When a window was still
 * open, what is left of the older ones ends at once, but for this: a newest one that was never used was lost
 * on its way to its host, and then that one ends and the one in use keeps its window.  The new one replaces
 * the newest in any case, so that what was rotated is one row.
 *
 * Ends only come nearer: here, in registry.c and in the store.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/credential_work.h"
#include "approver/identity/people.h"
#include "approver/identity/alerts.h"
#include "approver/identity/identity.h"
#include "approver/http/record.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENDED = 64 }; /* of an agent that had many before it was to have one */

struct credential_work {
	struct work work;
	struct credential_ask ask;
	struct credential_row row;
	struct credential *known;    /* refused: the key is enrolled */
	struct credential *replaced; /* the newest, which may have expired */
	struct credential *current;  /* the newest that may be used */
	struct credential *goes_on;  /* until window_ends */
	int64_t window_ends;
	struct credential *ended[MAX_ENDED]; /* at once */
	size_t n_ended;
	const char *refusal;
};

static bool usable(const struct credential *c, int64_t now)
{
	return !c->revoked && (!c->expires || now < c->expires);
}

/* The newest that was not revoked, or of those the newest that may be used; NULL. */
static struct credential *newest(const struct agent *agent, bool in_use, int64_t now)
{
	for (struct credential *c = agent->credentials; c; c = c->older)
		if (credential_is_operators(c) && !c->revoked && (!in_use || usable(c, now)))
			return c;
	return NULL;
}

/* NULL when the agent may have it; else why not. */
static const char *refusal_of(struct credential_work *w, struct group *group, int64_t now)
{
	struct registry *registry = group->server->registry;
	struct agent *agent = w->ask.agent;
	w->known = registry_credential(registry, w->ask.id);
	w->replaced = newest(agent, false, now);
	w->current = newest(agent, true, now);
	if (w->known || registry_key_known(registry, group->reader, w->ask.id))
		return "this key was enrolled before";
	if (people_key(group->server->people, w->ask.id))
		return "this key is a person's";
	if (agent->disabled)
		return "the agent is disabled";
	if (w->ask.rotate)
		return w->replaced
			   ? NULL
			   : "the agent has no credential to rotate: whoctl credential issue gives it one";
	return w->current ? "the agent has a credential: whoctl credential rotate replaces it" : NULL;
}

/* Which of those in use goes on, and which end.  false when they are too many. */
static bool choose(struct credential_work *w, int64_t now)
{
	const struct agent *agent = w->ask.agent;
	w->n_ended = 0;
	w->goes_on = w->current;
	if (w->current && !w->current->last_used)
		for (struct credential *c = agent->credentials; c; c = c->older)
			if (credential_is_operators(c) && usable(c, now) && c->last_used) {
				w->goes_on = c;
				break;
			}
	for (struct credential *c = agent->credentials; c; c = c->older) {
		if (c == w->goes_on || !credential_is_operators(c) || !usable(c, now))
			continue;
		if (w->n_ended == MAX_ENDED)
			return false;
		w->ended[w->n_ended++] = c;
	}
	return true;
}

static int put_end(struct group *group, struct credential *credential, int64_t end)
{
	struct credential_row row;
	credential_to_row(credential, &row);
	if (!row.expires || end < row.expires)
		row.expires = end;
	return store_credential_put(group->store, &row);
}

static int put_ends(struct credential_work *w, struct group *group)
{
	for (size_t i = 0; i < w->n_ended; i++)
		if (put_end(group, w->ended[i], group->now))
			return -1;
	if (!w->goes_on)
		return 0;
	w->window_ends = group->now + w->ask.overlap_s * 1000;
	if (w->goes_on->expires && w->goes_on->expires < w->window_ends)
		w->window_ends = w->goes_on->expires;
	return put_end(group, w->goes_on, w->window_ends);
}

static void ended_emit(struct buf *out, const struct credential_work *w)
{
	buf_adds(out, ",\"ended\":[");
	for (size_t i = 0; i < w->n_ended; i++)
		buf_addf(out, "%s\"%s\"", i ? "," : "", w->ended[i]->id);
	buf_addc(out, ']');
}

static int append_event(struct credential_work *w, struct group *group)
{
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"credential\":\"%s\"", w->row.id);
	record_text(&body, "agent", w->row.agent);
	record_time(&body, "expires", w->row.expires);
	record_text(&body, "operator", w->ask.by);
	if (w->ask.rotate) {
		record_text(&body, "replaces", w->row.replaces);
		record_time(&body, "window_ends", w->window_ends);
		ended_emit(&body, w);
	}
	buf_addc(&body, '}');
	enum event_kind kind = w->ask.rotate ? EVENT_CREDENTIAL_ROTATED : EVENT_CREDENTIAL_ISSUED;
	return body.failed || store_append(group->store, kind, group->now, w->row.id, body.data, body.len) < 0
		   ? -1
		   : 0;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct credential_work *w = (struct credential_work *)work;
	if (group->new_row) /* what is new in this group, memory shows in the next */
		return WORK_AGAIN;
	w->refusal = refusal_of(w, group, group->now);
	if (!w->refusal && w->ask.rotate && !choose(w, group->now))
		w->refusal = "the agent has more credentials in use than can be ended at once: revoke some";
	if (w->refusal)
		return WORK_DROPPED;
	int64_t issued = group->now;
	if (w->replaced && issued <= w->replaced->issued) /* it is loaded after what it replaces */
		issued = w->replaced->issued + 1;
	w->row = (struct credential_row){.id = w->ask.id,
					 .agent = w->ask.agent->id,
					 .issued = issued,
					 .not_before = group->now - CLOCK_TOLERANCE_S * 1000,
					 .expires = group->now + w->ask.expires_s * 1000,
					 .issued_by = (char *)(uintptr_t)w->ask.by,
					 .replaces = w->ask.rotate ? w->replaced->id : NULL};
	memcpy(w->row.key, w->ask.key, KEY_BYTES);
	if ((w->ask.rotate && put_ends(w, group)) || store_credential_put(group->store, &w->row) ||
	    append_event(w, group))
		return WORK_FAILED;
	group->new_row = true;
	group->taken_away = group->taken_away || w->ask.rotate;
	return WORK_KEPT;
}

static void end_in_memory(struct credential *credential, int64_t end)
{
	if (!credential->expires || end < credential->expires)
		credential->expires = end;
}

static void answer(struct credential_work *w, struct request *r)
{
	struct credential *credential = registry_credential(r->server->registry, w->row.id);
	if (!credential) {
		answer_unavailable(r);
		return;
	}
	credential_emit(&r->out, credential);
	record_text(&r->out, "aud", r->server->settings.name);
	if (w->ask.rotate) {
		record_time(&r->out, "window_ends", w->goes_on ? w->window_ends : 0);
		record_text(&r->out, "goes_on", w->goes_on ? w->goes_on->id : NULL);
		ended_emit(&r->out, w);
	}
	buf_addc(&r->out, '}');
	answer_json(r, 201);
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct credential_work *w = (struct credential_work *)work;
	struct request *r = work->request;
	if (end == WORK_KEPT) {
		for (size_t i = 0; i < w->n_ended; i++)
			end_in_memory(w->ended[i], group->now);
		if (w->goes_on)
			end_in_memory(w->goes_on, w->window_ends);
		if (registry_put_credential(group->server->registry, &w->row))
			log_line(LOG_LEVEL_ERROR, "stored, but not in memory until the approver starts again",
				 "credential", w->row.id, NULL);
		log_line(LOG_LEVEL_INFO, w->ask.rotate ? "credential_rotated" : "credential_issued",
			 "subject", w->row.id, "agent", w->row.agent, "replaces", w->row.replaces, "by",
			 w->ask.by, NULL);
		answer(w, r);
	} else if (end == WORK_FAILED) {
		answer_unavailable(r);
	} else if (w->known) {
		refuse_known_key(r, w->known, w->ask.agent);
	} else {
		answer_problem(r, PROBLEM_CONFLICT, w->refusal);
	}
	free(w);
}

bool refuse_known_key(struct request *r, struct credential *known, const struct agent *agent)
{
	if (known->agent == agent)
		return answer_problem(r, PROBLEM_CONFLICT, "this key was enrolled before");
	struct buf reason BUF_AUTO = BUF_INIT;
	buf_addf(&reason, "the key %s of agent %s was to be enrolled for agent %s", known->id,
		 known->agent->id, agent->id);
	const struct alert alert = {.kind = ALERT_KEY_ENROLLED,
				    .reason = reason.data ? reason.data : "out of memory",
				    .credential = known,
				    .other_agent = agent->id};
	alert_raise(r->server, &alert);
	return answer_problemf(r, PROBLEM_CONFLICT,
			       "this key is another agent's, %s: a key is one agent's alone",
			       known->agent->id);
}

void credential_emit(struct buf *out, struct credential *credential)
{
	struct credential_row row;
	credential_to_row(credential, &row);
	const struct credential *replaced_by = credential->replaced_by;
	int64_t age_ms = clock_wall_ms() - row.issued;
	buf_addf(out, "{\"id\":\"%s\"", row.id);
	record_text(out, "agent", row.agent);
	record_text(out, "owner", credential->agent->owner);
	record_time(out, "issued", row.issued);
	record_text(out, "issued_by", row.issued_by);
	buf_addf(out, ",\"age_s\":%" PRId64, age_ms > 0 ? age_ms / 1000 : 0);
	record_time(out, "not_before", row.not_before);
	record_time(out, "expires", row.expires);
	record_time(out, "last_used", row.last_used);
	record_time(out, "revoked", row.revoked);
	record_text(out, "revoked_by", row.revoked_by);
	record_text(out, "replaces", row.replaces);
	record_text(out, "replaced_by", replaced_by ? replaced_by->id : NULL);
	record_text(out, "source", row.source);
	buf_addf(out, ",\"agent_disabled\":%s", credential->agent->disabled ? "true" : "false");
}

void credential_work_push(const struct credential_ask *ask, struct request *r)
{
	static const struct work_kind kind = {apply, done};
	struct credential_work *w = calloc(1, sizeof *w);
	request_suspend(r);
	if (!w) {
		answer_unavailable(r);
		request_resume(r);
		return;
	}
	w->work.kind = &kind;
	w->work.request = r;
	w->ask = *ask;
	writer_push(r->server->writer, &w->work);
}
