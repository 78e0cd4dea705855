/* decide.c: the way of one command: identity, then policy, then the record, then the answer.
 *
 * Read decide_command from top to bottom: each check returns early with its reason, and nothing that comes
 * later runs before what comes earlier has passed.  No side effect before the signature is believed but for
 * counting refusals.  From there on the ID is claimed in the live table: the same bytes posted twice are one
 * command.
 *
 * What the claims and the policy's decision say is kept in one command_work, which the row that is stored
 * borrows from, and which ends with the answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/decide.h"
#include "approver/http/command_work.h"
#include "approver/http/identity.h"
#include "approver/http/kill_check.h"
#include "approver/http/refusals.h"
#include "approver/http/request.h"
#include "common/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_work(struct command_work **w)
{
	if (*w)
		command_work_free(*w);
}

/* Rows take char * because the store hands them out owned; what is handed in is only read. */
static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

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
	cJSON_ArrayForEach(child, value) list[i++] = names ? child->string : child->valuestring;
	return list;
}

static int evaluate(struct command_work *w, const struct agent *agent)
{
	const struct command_claims *c = &w->claims;
	const char *chain[] = {agent->owner, agent->id};
	size_t n_argv, n_env;
	const char **argv = strings_of(c->argv, false, &n_argv),
		   **env = strings_of(c->env_kept, true, &n_env);
	int result = -1;
	struct policy_request request = {.agent = agent->id,
					 .agent_version = c->agent_version,
					 .human = agent->owner,
					 .chain = chain,
					 .n_chain = 2,
					 .model = c->model,
					 .task = c->task,
					 .host = c->host,
					 .user = c->user,
					 .cwd = c->cwd,
					 .mode = c->mode,
					 .line = c->line,
					 .line_len = c->line_len,
					 .argv = argv,
					 .n_argv = n_argv,
					 .env_kept = env,
					 .n_env_kept = n_env,
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
	w->row = (struct command_row){.id = lent(c->jti),
				      .ts = now,
				      .agent = agent->id,
				      .agent_version = lent(c->agent_version),
				      .credential = credential->id,
				      .session = lent(c->sid),
				      .parent = lent(c->parent),
				      .human = agent->owner,
				      .chain = w->chain.data,
				      .model = lent(c->model),
				      .task = lent(c->task),
				      .user = lent(c->user),
				      .host = lent(c->host),
				      .cwd = lent(c->cwd),
				      .mode = lent(c->mode),
				      .line = lent(c->line),
				      .line_len = c->line_len,
				      .detail = w->detail.data,
				      .rule = w->decision.rule,
				      .policy = lent(policy_s256(policy_held(w->policy))),
				      .command_s256 = w->s256,
				      .live_tail = w->tail};
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
		return refuse(r, revoked ? PROBLEM_REVOKED : PROBLEM_IDENTITY, reason, c->sub,
			      credential->id);
	if (agent->disabled)
		return refuse(r, PROBLEM_REVOKED, "the agent is disabled", c->sub, credential->id);
	if (c->chain)
		return refuse(r, PROBLEM_IDENTITY,
			      "no hop of this chain was ever logged here: start it with whoctl delegate",
			      c->sub, credential->id);
	const struct command_row asked = {.id = lent(c->jti),
					  .agent = agent->id,
					  .credential = credential->id,
					  .session = lent(c->sid),
					  .parent = lent(c->parent),
					  .model = lent(c->model)};
	if (kill_refuses(r, w->lineage, &asked))
		return true;
	if (server->ending)
		return answer_unavailable(r);

	s256(jws, len, w->s256);
	memcpy(w->tail, jws + len - TAIL_LEN, TAIL_LEN);
	snprintf(r->param, sizeof r->param, "%s", c->jti);
	enum live_state state;
	char from[ADDRESS_SIZE];
	request_address(r, from);
	const struct live_about about = {c->sid, c->parent, c->model, w->lineage};
	switch (live_claim(server->live, c->jti, w->s256, w->tail, from, credential, &about, &state)) {
	case LIVE_OTHER_BYTES:
		return answer_problem(r, PROBLEM_REPLAY, "another command with this ID is recorded");
	case LIVE_SAME:
		return state == LIVE_DECIDING ? answer_after_first(r) : answer_as_stored(r);
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
	struct command_work *handed = w;
	w = NULL; /* the writer's now */
	command_work_push(handed, r);
	return false;
}
