/* command_work.c: what becomes of a command in the writer, and of the same command posted again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/command_work.h"
#include "approver/identity/alerts.h"
#include "approver/identity/identity.h"
#include "approver/kill/kill_check.h"
#include "approver/http/metrics.h"
#include "approver/command/model_change.h"
#include "approver/command/permit.h"
#include "approver/http/refusals.h"
#include "common/clock.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void command_work_free(struct command_work *w)
{
	if (w->decided)
		policy_decision_finish(&w->decision);
	policy_release(w->policy);
	chain_release(w->delegation);
	command_claims_finish(&w->claims);
	buf_finish(&w->chain);
	buf_finish(&w->detail);
	buf_finish(&w->permit);
	kill_release(w->killed);
	free(w->lineage);
	free(w);
}

/* ── what the writer does ──────────────────────────────────────────────────────────────────────────────── */

/* A session's model that is not the one before: its own record, and a word in the command's. */
static int note_model(struct command_work *w, struct group *group, const char *before)
{
	const char *model = w->row.model;
	if (!before || !model || !strcmp(before, model))
		return 0;
	struct buf body BUF_AUTO = BUF_INIT;
	model_change_body(&body, &w->row, before);
	if (!model_change_detail(&w->detail, before) || body.failed)
		return -1;
	w->row.detail = w->detail.data;
	w->row.as_signed &= ~(unsigned)ROW_DETAIL;
	return store_append(group->store, EVENT_MODEL_CHANGED, group->now, w->row.id, body.data, body.len) < 0
		   ? -1
		   : 0;
}

/* What was believed on another thread may have been taken away, or ended, and that answered, since. */
static bool may_still(struct command_work *w, struct group *group)
{
	const struct credential *credential = registry_credential(group->server->registry, w->row.credential);
	bool revoked = true;
	const char *why =
	    credential ? identity_unusable(credential, group->now, &revoked) : "no such credential";
	if (!why && credential->agent->disabled) {
		revoked = true;
		why = "the agent is disabled";
	}
	snprintf(w->why, sizeof w->why, "%s", why ? why : "");
	w->problem = why && !revoked ? PROBLEM_IDENTITY : PROBLEM_REVOKED;
	return !why && (!w->delegation || chain_stands(group->server, w->delegation, false, w->why));
}

/* The first use of a credential is kept with the command that it is; later ones now and then. */
static int keep_first_use(const struct command_work *w, struct group *group)
{
	struct credential_row row;
	struct credential *credential = registry_credential(group->server->registry, w->row.credential);
	if (credential->use_kept)
		return 0;
	credential_to_row(credential, &row);
	return store_credential_put(group->store, &row);
}

static enum work_end apply_command(struct work *work, struct group *group)
{
	struct command_work *w = (struct command_work *)work;
	struct command_row *row = &w->row;
	const struct buf *jws = &work->request->body;
	char *last_model = NULL;
	if (group->taken_away)
		return WORK_AGAIN;
	w->taken_away = !may_still(w, group);
	if (w->taken_away)
		return WORK_DROPPED;
	int killed = kill_of_command(group->server, group->reader, w->lineage, row, &w->killed);
	if (killed)
		return killed < 0 ? WORK_FAILED : WORK_DROPPED;
	int bound = store_session_next(group->store, row->session, row->agent, row->credential, row->id,
				       row->model, &row->seq, &last_model);
	if (bound != 1) {
		free(last_model);
		return bound ? WORK_FAILED : WORK_DROPPED;
	}
	int64_t index =
	    store_append(group->store, EVENT_COMMAND_REQUESTED, group->now, row->id, jws->data, jws->len);
	int model = index < 0 ? -1 : note_model(w, group, last_model);
	free(last_model);
	if (model)
		return WORK_FAILED;
	if (w->decision.verdict == VERDICT_REVIEW) {
		row->state = COMMAND_PENDING;
		row->log_index = index;
		row->reason = w->decision.reason;
	} else {
		struct decision d = {w->decision.verdict == VERDICT_APPROVE, "policy", w->decision.reason,
				     "[]"};
		buf_clear(&w->permit);
		if (permit_decide(group, row, &d, &w->permit))
			return WORK_FAILED;
	}
	if (keep_first_use(w, group))
		return WORK_FAILED;
	int inserted = store_command_insert(group->store, row);
	w->repeated = inserted == 1;
	return inserted < 0 ? WORK_FAILED : inserted ? WORK_DROPPED : WORK_KEPT;
}

/* `{"id","state":"pending",…}` for the broker. */
static bool answer_pending(struct request *r, const struct command_row *row)
{
	struct buf *out = &r->out;
	buf_addf(out, "{\"id\":\"%s\",\"state\":\"pending\",\"expires\":%lld,\"rule\":", row->id,
		 (long long)(row->expires / 1000));
	json_add_string(out, row->rule ? row->rule : "", row->rule ? strlen(row->rule) : 0);
	buf_adds(out, ",\"reason\":");
	json_add_string(out, row->reason ? row->reason : "", row->reason ? strlen(row->reason) : 0);
	buf_addf(out, ",\"reviewers\":{\"count\":%d,\"not_in_chain\":%s}}", row->reviewers_needed,
		 row->not_in_chain ? "true" : "false");
	return answer_json(r, 202);
}

static void settle(struct command_work *w, struct group *group)
{
	struct request *r = w->work.request;
	struct live *live = r->server->live;
	const char *id = w->row.id;
	int64_t lease = (r->server->settings.lease_s + LEASE_GRACE_S) * 1000;
	if (w->row.state == COMMAND_PENDING) {
		live_set_pending(live, id, w->row.expires - clock_wall_ms());
		kill_newcomer(r->server, id, &group->wake);
		metric_add(METRIC_REVIEWED, 1);
		answer_pending(r, &w->row);
		return;
	}
	bool approved = w->row.state == COMMAND_APPROVED;
	live_decided(live, id, approved, &w->permit, lease, &group->wake);
	if (approved)
		kill_newcomer(r->server, id, &group->wake);
	metric_add(approved ? METRIC_APPROVED : METRIC_DENIED, 1);
	r->out = w->permit;
	w->permit = (struct buf)BUF_INIT;
	answer_out(r, 200, "application/jose");
}

static void refuse_killed(struct command_work *w, struct request *r)
{
	struct buf why BUF_AUTO = BUF_INIT;
	kill_sentence(&why, w->killed);
	refuse(r, PROBLEM_REVOKED, why.failed ? "it was killed" : why.data, w->row.agent, w->row.credential);
}

static void done_command(struct work *work, struct group *group, enum work_end end)
{
	struct command_work *w = (struct command_work *)work;
	struct request *r = work->request;
	if (end == WORK_KEPT) {
		registry_credential(group->server->registry, w->row.credential)->use_kept = true;
		settle(w, group);
		metric_decision_time(metric_clock_us() - r->began_us);
		log_line(LOG_LEVEL_DEBUG, "decided", "id", w->row.id, "agent", w->row.agent, "verdict",
			 w->row.verdict ? w->row.verdict : "review", "rule", w->row.rule, NULL);
		command_work_free(w);
		return;
	}
	live_forget(r->server->live, w->row.id);
	if (end == WORK_FAILED)
		answer_unavailable(r);
	else if (w->repeated)
		r->resumed = answer_as_stored;
	else if (w->killed)
		refuse_killed(w, r);
	else if (w->taken_away)
		refuse(r, w->problem, w->why, w->row.agent, w->row.credential);
	else
		refuse_session(r, group->reader, w->row.session, w->row.credential);
	command_work_free(w);
}

/* ── the same request again ────────────────────────────────────────────────────────────────────────────── */

bool answer_as_stored(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = reader ? store_command(reader, r->param, &row) : -1;
	if (found != 1) /* its group was lost after all: the broker's retry makes a new start */
		return answer_problem(r, PROBLEM_UNAVAILABLE, "the approver could not record this");
	char hash[S256_LEN + 1];
	s256(r->body.data, r->body.len, hash);
	metric_add(METRIC_REPEATED, 1);
	if (!row.command_s256 || strcmp(row.command_s256, hash) != 0) {
		answer_problem(r, PROBLEM_REPLAY, "another command with this ID is recorded");
	} else if (row.state == COMMAND_PENDING) {
		answer_pending(r, &row);
	} else {
		char *permit;
		if (store_permit(reader, &row, &permit) == 1) {
			buf_adds(&r->out, permit);
			answer_out(r, 200, "application/jose");
		} else {
			answer_problem(r, PROBLEM_UNAVAILABLE, "the permit cannot be read");
		}
		free(permit);
	}
	command_row_finish(&row);
	return true;
}

/* The first may not even be in the queue yet: its thread claimed the ID, and has a policy to judge by. */
static enum work_end apply_wait(struct work *work, struct group *group)
{
	struct credential *credential;
	char command_s256[S256_LEN + 1];
	enum live_state state =
	    live_peek(group->server->live, work->request->param, &credential, command_s256);
	return state == LIVE_DECIDING ? WORK_AGAIN : WORK_KEPT;
}

static void done_wait(struct work *work, struct group *group, enum work_end end)
{
	(void)group;
	(void)end;
	work->request->resumed = answer_as_stored;
	free(work);
}

/* The first of two is being decided: this one is answered once that is done. */
bool answer_after_first(struct request *r)
{
	static const struct work_kind kind = {apply_wait, done_wait};
	struct work *work = calloc(1, sizeof *work);
	if (!work)
		return answer_unavailable(r);
	work->kind = &kind;
	work->request = r;
	request_suspend(r);
	writer_push(r->server->writer, work);
	return false;
}

void command_work_push(struct command_work *w, struct request *r)
{
	static const struct work_kind kind = {apply_command, done_command};
	w->work.kind = &kind;
	w->work.request = r;
	request_suspend(r);
	writer_push(r->server->writer, &w->work);
}
