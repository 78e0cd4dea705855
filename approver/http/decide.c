/* decide.c: the way of one command: identity, then policy, then the record, then the answer.
 *
 * Read decide_command from top to bottom: each check returns early with its reason, and nothing that comes later
 * runs before what comes earlier has passed.  No side effect before the signature is believed but for counting
 * refusals.  From there on the ID is claimed in the live table: the same bytes posted twice are one command.
 *
 * What the claims and the policy's decision say is kept in one command_work, which the row that is stored borrows
 * from, and which ends with the answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/decide.h"
#include "approver/http/claims.h"
#include "approver/http/identity.h"
#include "approver/http/live.h"
#include "approver/http/metrics.h"
#include "approver/http/permit.h"
#include "approver/http/policy_box.h"
#include "approver/http/refusals.h"
#include "approver/http/request.h"
#include "approver/http/writer.h"
#include "common/clock.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command_work {
	struct work work;
	struct command_claims claims;
	struct policy_decision decision;
	struct held_policy *policy;
	struct command_row row;   /* borrows from everything here */
	struct buf chain, detail, permit;
	char s256[S256_LEN + 1], tail[TAIL_LEN + 1];
	bool decided;             /* `decision` is to be finished */
	bool other_session, repeated; /* why it was dropped */
};

static void work_free(struct command_work *w)
{
	if (w->decided)
		policy_decision_finish(&w->decision);
	policy_release(w->policy);
	command_claims_finish(&w->claims);
	buf_finish(&w->chain);
	buf_finish(&w->detail);
	buf_finish(&w->permit);
	free(w);
}

static void free_work(struct command_work **w)
{
	if (*w)
		work_free(*w);
}

/* Rows take char * because the store hands them out owned; what is handed in is only read. */
static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* ── what the writer does ──────────────────────────────────────────────────────────────────────────────── */

static int note_model(struct command_work *w, struct group *group, const char *before)
{
	const char *model = w->row.model;
	if (!before || !model || !strcmp(before, model))
		return 0;
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"session\":\"%s\",\"command\":\"%s\",\"from\":", w->row.session, w->row.id);
	json_add_string(&body, before, strlen(before));
	buf_adds(&body, ",\"to\":");
	json_add_string(&body, model, strlen(model));
	buf_addc(&body, '}');
	if (body.failed)
		return -1;
	return store_append(group->store, EVENT_MODEL_CHANGED, group->now, w->row.session, body.data, body.len) < 0 ? -1 : 0;
}

static enum work_end apply_command(struct work *work, struct group *group)
{
	struct command_work *w = (struct command_work *)work;
	struct command_row *row = &w->row;
	const struct buf *jws = &work->request->body;
	char *last_model = NULL;
	int bound = store_session_next(group->store, row->session, row->agent, row->credential, row->model, &row->seq,
	                               &last_model);
	if (bound != 1) {
		free(last_model);
		w->other_session = bound == 0;
		return bound ? WORK_FAILED : WORK_DROPPED;
	}
	int64_t index = store_append(group->store, EVENT_COMMAND_REQUESTED, group->now, row->id, jws->data, jws->len);
	int model = index < 0 ? -1 : note_model(w, group, last_model);
	free(last_model);
	if (model)
		return WORK_FAILED;
	if (w->decision.verdict == VERDICT_REVIEW) {
		row->state = COMMAND_PENDING;
		row->log_index = index;
		row->reason = w->decision.reason;
	} else {
		struct decision d = {w->decision.verdict == VERDICT_APPROVE, "policy", w->decision.reason, "[]"};
		buf_clear(&w->permit);
		if (permit_decide(group, row, &d, &w->permit))
			return WORK_FAILED;
	}
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
		metric_add(METRIC_REVIEWED, 1);
		answer_pending(r, &w->row);
		return;
	}
	bool approved = w->row.state == COMMAND_APPROVED;
	live_decided(live, id, approved, &w->permit, lease, &group->wake);
	metric_add(approved ? METRIC_APPROVED : METRIC_DENIED, 1);
	r->out = w->permit;
	w->permit = (struct buf)BUF_INIT;
	answer_out(r, 200, "application/jose");
}

static void done_command(struct work *work, struct group *group, enum work_end end)
{
	struct command_work *w = (struct command_work *)work;
	struct request *r = work->request;
	if (end == WORK_KEPT) {
		settle(w, group);
		metric_decision_time(metric_clock_us() - r->began_us);
		log_line(LOG_LEVEL_DEBUG, "decided", "id", w->row.id, "agent", w->row.agent, "verdict",
		         w->row.verdict ? w->row.verdict : "review", "rule", w->row.rule, NULL);
		work_free(w);
		return;
	}
	live_forget(r->server->live, w->row.id);
	if (end == WORK_FAILED)
		answer_unavailable(r);
	else if (w->repeated)
		r->resumed = answer_as_stored;
	else
		refuse(r, PROBLEM_IDENTITY, "this session belongs to another key", w->row.agent, w->row.credential);
	work_free(w);
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
	} else if (row.permit) {
		buf_adds(&r->out, row.permit);
		answer_out(r, 200, "application/jose");
	} else {
		answer_pending(r, &row);
	}
	command_row_finish(&row);
	return true;
}

static enum work_end apply_nothing(struct work *work, struct group *group)
{
	(void)work;
	(void)group;
	return WORK_KEPT;
}

static void done_wait(struct work *work, struct group *group, enum work_end end)
{
	(void)group;
	(void)end;
	work->request->resumed = answer_as_stored;
	free(work);
}

/* The first of two is being written: what comes behind it in the queue is answered after it. */
static bool wait_for_first(struct request *r)
{
	static const struct work_kind kind = {apply_nothing, done_wait};
	struct work *work = calloc(1, sizeof *work);
	if (!work)
		return answer_unavailable(r);
	work->kind = &kind;
	work->request = r;
	request_suspend(r);
	writer_push(r->server->writer, work);
	return false;
}

/* ── before the writer ─────────────────────────────────────────────────────────────────────────────────── */

static void add_chain(struct command_work *w, const struct agent *agent)
{
	buf_reserve(&w->chain, agent->chain_len + 64);
	buf_add(&w->chain, agent->chain, agent->chain_len);
	if (w->claims.task) {
		buf_adds(&w->chain, ",\"task\":");
		json_add_string(&w->chain, w->claims.task, strlen(w->claims.task));
	}
	buf_adds(&w->chain, ",\"proof\":\"proven\"}]");
}

/* The strings of an array or the names of an object, for policy; NULL when there are none.  free() it. */
static const char **strings_of(const cJSON *value, bool names, size_t *n)
{
	*n = value ? (size_t)cJSON_GetArraySize(value) : 0;
	const char **list = *n ? calloc(*n, sizeof *list) : NULL;
	const cJSON *child;
	size_t i = 0;
	if (!list)
		return NULL;
	cJSON_ArrayForEach(child, value)
		list[i++] = names ? child->string : child->valuestring;
	return list;
}

static int evaluate(struct command_work *w, const struct agent *agent)
{
	const struct command_claims *c = &w->claims;
	const char *chain[] = {agent->owner, agent->id};
	size_t n_argv, n_env;
	const char **argv = strings_of(c->argv, false, &n_argv), **env = strings_of(c->env_kept, true, &n_env);
	int result = -1;
	struct policy_request request = {
	    .agent = agent->id, .agent_version = c->agent_version, .human = agent->owner, .chain = chain, .n_chain = 2,
	    .model = c->model, .task = c->task, .host = c->host, .user = c->user, .cwd = c->cwd, .mode = c->mode,
	    .line = c->line, .line_len = c->line_len, .argv = argv, .n_argv = n_argv, .env_kept = env, .n_env_kept = n_env,
	    .now = (time_t)clock_now()};
	if ((argv || !n_argv) && (env || !n_env))
		result = policy_decide(policy_held(w->policy), &request, &w->decision);
	w->decided = result == 0;
	free(argv);
	free(env);
	return result;
}

static void fill_row(struct command_work *w, struct request *r, struct credential *credential)
{
	const struct command_claims *c = &w->claims;
	struct agent *agent = credential->agent;
	int64_t now = clock_wall_ms(), longest = r->server->settings.review_timeout_s;
	int64_t timeout = c->review_timeout > 0 && c->review_timeout < longest ? c->review_timeout : longest;
	int64_t expires = now + timeout * 1000;
	w->row = (struct command_row){
	    .id = lent(c->jti), .ts = now, .agent = agent->id, .agent_version = lent(c->agent_version),
	    .credential = credential->id, .session = lent(c->sid), .parent = lent(c->parent), .human = agent->owner,
	    .chain = w->chain.data, .model = lent(c->model), .task = lent(c->task), .user = lent(c->user),
	    .host = lent(c->host), .cwd = lent(c->cwd), .mode = lent(c->mode), .line = lent(c->line),
	    .line_len = c->line_len, .detail = w->detail.data, .rule = w->decision.rule,
	    .policy = lent(policy_s256(policy_held(w->policy))), .command_s256 = w->s256, .live_tail = w->tail};
	if (w->decision.verdict != VERDICT_REVIEW)
		return;
	w->row.expires = expires < c->exp * 1000 ? expires : c->exp * 1000;
	w->row.reviewers_needed = w->decision.reviewers.count > 0 ? w->decision.reviewers.count : 1;
	w->row.not_in_chain = w->decision.reviewers.not_in_chain;
}

/* Is it meant for us, and now?  NULL, or a refusal. */
static const char *misdirected(const struct command_claims *c, const struct server *server, int64_t now,
                               enum problem *problem)
{
	*problem = PROBLEM_IDENTITY;
	if (strcmp(c->aud, server->settings.name) != 0)
		return "the command is for another approver";
	if (c->iat > now + CLOCK_TOLERANCE_S)
		return "the command is dated ahead: is the clock of its host right?";
	*problem = PROBLEM_MALFORMED;
	if (c->iat < 0 || c->exp <= c->iat || c->exp - c->iat > 86400 + CLOCK_TOLERANCE_S)
		return "exp is not within a day after iat";
	*problem = PROBLEM_EXPIRED;
	if (c->exp + CLOCK_TOLERANCE_S <= now)
		return "the command's time is over";
	return NULL;
}

bool decide_command(struct request *r)
{
	static const struct work_kind kind = {apply_command, done_command};
	struct server *server = r->server;
	const char *jws = r->body.data;
	size_t len = r->body.len;
	struct buf payload BUF_AUTO = BUF_INIT;
	struct command_work *w __attribute__((cleanup(free_work))) = calloc(1, sizeof *w);
	char why[160];
	if (!w)
		return answer_unavailable(r);
	if (!jws_open(jws, len, JWS_COMMAND, &payload))
		return answer_problem(r, PROBLEM_MALFORMED, "the body is not a signed command");
	if (!command_claims_parse(&w->claims, payload.data ? payload.data : "", payload.len, why))
		return answer_problem(r, PROBLEM_MALFORMED, why);
	const struct command_claims *c = &w->claims;

	enum problem problem;
	const char *reason = misdirected(c, server, clock_now(), &problem);
	if (reason && problem == PROBLEM_IDENTITY)
		return refuse(r, problem, reason, c->sub, NULL);
	if (reason)
		return answer_problem(r, problem, reason);

	struct agent *agent = registry_agent(server->registry, c->sub);
	if (!agent)
		return refuse(r, PROBLEM_IDENTITY, "no such agent is enrolled here", c->sub, NULL);
	struct credential *credential = identity_signer(agent, jws, len);
	if (!credential)
		return refuse(r, PROBLEM_IDENTITY, "the signature is by no key of this agent", c->sub, NULL);
	int64_t now = clock_wall_ms();
	bool revoked;
	reason = identity_unusable(credential, now, &revoked);
	if (reason)
		return refuse(r, revoked ? PROBLEM_REVOKED : PROBLEM_IDENTITY, reason, c->sub, credential->id);
	if (agent->disabled)
		return refuse(r, PROBLEM_REVOKED, "the agent is disabled", c->sub, credential->id);
	if (c->chain)
		return refuse(r, PROBLEM_IDENTITY, "no hop of this chain was ever logged here: start it with whoctl delegate",
		              c->sub, credential->id);
	if (server->ending)
		return answer_unavailable(r);

	s256(jws, len, w->s256);
	memcpy(w->tail, jws + len - TAIL_LEN, TAIL_LEN);
	snprintf(r->param, sizeof r->param, "%s", c->jti);
	enum live_state state;
	switch (live_claim(server->live, c->jti, w->s256, w->tail, credential, &state)) {
	case LIVE_OTHER_BYTES:
		return answer_problem(r, PROBLEM_REPLAY, "another command with this ID is recorded");
	case LIVE_SAME:
		return state == LIVE_DECIDING ? wait_for_first(r) : answer_as_stored(r);
	case LIVE_FULL:
		return answer_problem(r, PROBLEM_UNAVAILABLE, "too many commands are pending or running");
	case LIVE_CLAIMED:
		break;
	}
	credential->last_used = now;
	credential->unsaved = true;
	agent->last_used = now;

	w->policy = policy_hold(server->policy);
	add_chain(w, agent);
	command_claims_detail(c, &w->detail);
	if (w->chain.failed || w->detail.failed || evaluate(w, agent)) {
		live_forget(server->live, c->jti);
		return answer_problem(r, PROBLEM_UNAVAILABLE, "out of memory");
	}
	fill_row(w, r, credential);
	w->work.kind = &kind;
	w->work.request = r;
	request_suspend(r);
	struct command_work *handed = w;
	w = NULL; /* the writer's now */
	writer_push(server->writer, &handed->work);
	return false;
}
