/* route_outcome.c: POST /v1/commands/ID/outcome: how a command ended, signed by the key that asked for it.
 *
 * An outcome is believed from the command's own credential even when that was revoked since: what ran must be
 * recorded.  It may come late (a broker's spool), after the command was given up as lost, and it may come
 * twice.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/claims.h"
#include "approver/command/live_kill.h"
#include "approver/http/metrics.h"
#include "approver/http/refusals.h"
#include "approver/identity/registry.h"
#include "approver/http/routes.h"
#include "approver/command/writer.h"
#include "approver/store/derive.h"
#include "common/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

struct outcome_work {
	struct work work;
	struct outcome_claims claims;
	bool taken;      /* the live entry is ours */
	bool unexpected; /* the command was never approved */
};

static void work_free(struct outcome_work **w)
{
	if (!*w)
		return;
	outcome_claims_finish(&(*w)->claims);
	free(*w);
}

static bool is_outcome(int64_t index, enum event_kind kind, int64_t ms, const char *body, size_t len,
		       void *told)
{
	(void)index;
	(void)ms;
	(void)body;
	(void)len;
	*(bool *)told = kind == EVENT_COMMAND_OUTCOME;
	return kind != EVENT_COMMAND_OUTCOME;
}

/* What is known of the command before this outcome: 1 known, 0 unknown, -1 error.  It is told once, whatever
 * became of the command: even a revoked key is heard here, and must not fill the log. */
static int stored_state(struct store_reader *reader, const char *id, enum command_state *state, bool *told)
{
	struct command_row row;
	int found = store_command(reader, id, &row);
	if (found != 1)
		return found;
	*state = row.state;
	*told = row.state == COMMAND_EXITED;
	command_row_finish(&row);
	return !*told && store_events_of(reader, id, is_outcome, told) ? -1 : 1;
}

static enum work_end write_outcome(struct outcome_work *w, struct group *group)
{
	const struct outcome_claims *c = &w->claims;
	const struct buf *jws = &w->work.request->body;
	if (store_append(group->store, EVENT_COMMAND_OUTCOME, group->now, c->command, jws->data, jws->len) <
	    0)
		return WORK_FAILED;
	if (w->unexpected)
		return WORK_KEPT; /* an alarm in the log, no change of what was decided */
	struct command_row row = {.as_signed = ROW_OUTCOME};
	derive_outcome_claims(&row, c);
	return store_command_outcome(group->store, &row) ? WORK_FAILED : WORK_KEPT;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct outcome_work *w = (struct outcome_work *)work;
	const char *id = w->claims.command;
	enum live_take took = live_take(group->server->live, id, LIVE_RUNNING);
	w->taken = took == LIVE_TOOK;
	w->unexpected = false;
	if (took == LIVE_BUSY)
		return WORK_AGAIN;
	if (took == LIVE_NOT) {
		enum command_state state;
		bool told;
		if (stored_state(group->reader, id, &state, &told) != 1)
			return WORK_FAILED;
		if (told)
			return WORK_DROPPED; /* said already */
		w->unexpected = state == COMMAND_PENDING || state == COMMAND_DENIED;
	}
	return write_outcome(w, group);
}

/* It no longer runs: it is forgotten, unless processes of it live on, which a kill must reach. */
static void leave(struct server *server, const struct outcome_claims *claims, bool taken)
{
	struct kill_notes notes = {0};
	bool ended = !strcmp(claims->outcome, "exited") || !strcmp(claims->outcome, "signaled");
	if (!taken && (!ended || !claims->left)) /* given up as lost, and back */
		live_left_over(server->live, claims->command, &notes);
	else if (taken && ended && claims->left > 0)
		live_set_left(server->live, claims->command,
			      (server->settings.lease_s + LEASE_GRACE_S) * 1000, &notes);
	else if (taken)
		live_forget(server->live, claims->command);
	kill_notes_push(server, &notes, NULL, NULL);
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct outcome_work *w = (struct outcome_work *)work;
	struct request *r = work->request;
	const char *id = w->claims.command;
	if (end == WORK_FAILED) {
		if (w->taken)
			live_give_back(group->server->live, id);
		answer_unavailable(r);
	} else {
		if (w->taken || end == WORK_KEPT)
			leave(group->server, &w->claims, w->taken);
		if (end == WORK_KEPT)
			metric_add(METRIC_OUTCOMES, 1);
		if (end == WORK_KEPT && w->unexpected)
			log_line(LOG_LEVEL_WARNING, "an outcome of a command that was never approved", "id",
				 id, "outcome", w->claims.outcome, NULL);
		answer_empty(r);
	}
	work_free(&w);
}

/* The credential that asked, from memory while the command is live, else from the store.  One that is only
 * being decided has not got its ID yet: it may be another's, whose command the store knows.  1, 0 unknown,
 * -1. */
static int who_asked(struct request *r, const char *id, struct credential **credential,
		     char hash[S256_LEN + 1])
{
	enum live_state state = live_peek(r->server->live, id, credential, hash);
	if (state == LIVE_PENDING || state == LIVE_RUNNING)
		return 1;
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = reader ? store_command(reader, id, &row) : -1;
	if (found != 1)
		return found;
	*credential = row.credential ? registry_credential(r->server->registry, row.credential) : NULL;
	strncpy(hash, row.command_s256 ? row.command_s256 : "", S256_LEN);
	hash[S256_LEN] = '\0';
	command_row_finish(&row);
	return *credential ? 1 : -1;
}

bool route_outcome_post(struct request *r)
{
	static const struct work_kind kind = {apply, done};
	struct outcome_work *w __attribute__((cleanup(work_free))) = calloc(1, sizeof *w);
	struct buf payload BUF_AUTO = BUF_INIT;
	char why[160], hash[S256_LEN + 1];
	struct credential *credential;
	if (!w)
		return answer_unavailable(r);
	if (!r->body.len || !jws_open(r->body.data, r->body.len, JWS_OUTCOME, &payload))
		return answer_problem(r, PROBLEM_MALFORMED, "the body is not a signed outcome");
	if (!outcome_claims_parse(&w->claims, payload.data ? payload.data : "", payload.len, why))
		return answer_problem(r, PROBLEM_MALFORMED, why);
	if (strcmp(w->claims.command, r->param) != 0)
		return answer_problem(r, PROBLEM_MALFORMED, "the outcome is of another command");
	if (strcmp(w->claims.aud, r->server->settings.name) != 0)
		return refuse(r, PROBLEM_IDENTITY, "the outcome is for another approver", w->claims.sub,
			      NULL);
	int known = who_asked(r, r->param, &credential, hash);
	if (known < 0)
		return answer_unavailable(r);
	if (!known)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such command");
	if (strcmp(w->claims.sub, credential->agent->id) != 0 ||
	    !jws_verify(r->body.data, r->body.len, credential->key))
		return refuse(r, PROBLEM_IDENTITY, "the outcome is not signed by the key that asked",
			      w->claims.sub, NULL);
	if (strcmp(w->claims.command_s256, hash) != 0)
		return answer_problem(r, PROBLEM_MALFORMED, "the outcome is of other bytes");
	w->work.kind = &kind;
	w->work.request = r;
	struct outcome_work *handed = w;
	w = NULL; /* the writer's now */
	request_suspend(r);
	writer_push(r->server->writer, &handed->work);
	return false;
}
