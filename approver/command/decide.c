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
#include "approver/command/decide.h"
#include "approver/identity/alerts.h"
#include "approver/command/command_work.h"
#include "approver/identity/identity.h"
#include "approver/kill/kill_check.h"
#include "approver/http/refusals.h"
#include "approver/http/request.h"
#include "approver/store/derive.h"
#include "common/clock.h"
#include "common/task.h"
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

/* Who handed it to whom, as people are told: by the chain, or the agent's owner. */
static void add_chain(struct command_work *w, const struct agent *agent)
{
	if (w->delegation) {
		buf_add(&w->chain, w->delegation->principals.data, w->delegation->principals.len);
		return;
	}
	buf_reserve(&w->chain, agent->chain_len + 64);
	buf_add(&w->chain, agent->chain, agent->chain_len);
	derive_chain_end(&w->chain, w->claims.task);
}

/* What was delegated, beside what the agent says of it. */
static void add_delegation(struct command_work *w)
{
	struct buf *out = &w->detail;
	const struct chain *chain = w->delegation;
	if (!chain || out->failed)
		return;
	const struct chain_hop *last = &chain->hops[chain->n - 1];
	out->len--; /* the object's end */
	buf_addf(out, "%s\"delegation\":{\"hops\":%d,\"by\":", out->len > 1 ? "," : "", chain->n);
	/* The approver only attests what a person said; of an owner's agent it is the agent's own word. */
	const char *by = chain->n > 1 || last->person ? last->issuer
			 : last->enrolment            ? last->agent->id
						      : chain->human;
	json_add_string(out, by, strlen(by));
	buf_addf(out, ",\"task\":\"%s\",\"human\":\"%s\"",
		 chain->n > 1 || last->person ? "signed"
		 : last->enrolment            ? "claimed"
					      : "attested",
		 chain->hops[0].person ? "signed" : "attested");
	if (w->claims.task && strcmp(w->claims.task, chain->task) != 0) {
		buf_adds(out, ",\"claimed_task\":");
		json_add_string(out, w->claims.task, strlen(w->claims.task));
	}
	buf_adds(out, "}}");
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

/* Whatever policy says: nothing that a hop above gives no authority for.  -1: out of memory. */
static int hold_to_chain(struct command_work *w, const struct policy_request *request)
{
	static const char rule[] = "delegation";
	struct policy_decision *decision = &w->decision;
	char *why;
	int inside = chain_covers(w->delegation, request, &why);
	if (inside)
		return inside < 0 ? -1 : 0;
	free(decision->rule);
	free(decision->reason);
	decision->verdict = VERDICT_DENY;
	decision->reason = why;
	decision->rule = strdup(rule);
	return decision->rule ? 0 : -1;
}

static int evaluate(struct command_work *w, const struct agent *agent)
{
	const struct command_claims *c = &w->claims;
	const char *chain[CHAIN_MAX_HOPS + 1] = {agent->owner, agent->id};
	size_t n_chain = 2, n_argv, n_env;
	const struct chain *delegation = w->delegation;
	for (int i = 0; delegation && i < delegation->n; i++) {
		chain[0] = delegation->human;
		chain[i + 1] = delegation->hops[i].agent->id;
		n_chain = (size_t)i + 2;
	}
	const char **argv = strings_of(c->argv, false, &n_argv),
		   **env = strings_of(c->env_kept, true, &n_env);
	int result = -1;
	struct policy_request request = {.agent = agent->id,
					 .agent_version = c->agent_version,
					 .human = chain[0],
					 .chain = chain,
					 .n_chain = n_chain,
					 .model = c->model,
					 .task = delegation ? delegation->task : c->task,
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
					 .session = &c->session,
					 .now = (time_t)clock_now()};
	if ((argv || !n_argv) && (env || !n_env))
		result = policy_decide(policy_held(w->policy), &request, &w->decision);
	w->decided = result == 0;
	if (w->decided && delegation)
		result = hold_to_chain(w, &request);
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
	bool own_words = !w->delegation, no_more = own_words && credential_is_operators(credential);
	w->row = (struct command_row){.ts = now,
				      .credential = credential->id,
				      .human = w->delegation ? w->delegation->human : agent->owner,
				      .chain = w->chain.data,
				      .task = w->delegation ? w->delegation->task : lent(c->task),
				      .detail = w->detail.data,
				      .rule = w->decision.rule,
				      .policy = lent(policy_s256(policy_held(w->policy))),
				      .command_s256 = w->s256,
				      .live_tail = w->tail,
				      .chain_since = own_words ? agent->created : 0,
				      .as_signed = ROW_REQUEST | (own_words ? ROW_TASK : 0) |
						   (no_more ? ROW_DETAIL : 0)};
	derive_claims(&w->row, c);
	if (w->decision.verdict != VERDICT_REVIEW)
		return;
	w->row.expires = expires < c->exp * 1000 ? expires : c->exp * 1000;
	w->row.reviewers_needed = w->decision.reviewers.count > 0 ? w->decision.reviewers.count : 1;
	w->row.not_in_chain = w->decision.reviewers.not_in_chain;
}

/* Of a credential that came of an identity token, whoever looks at the command wants to know whose it was. */
static void add_issuer(struct buf *detail, const struct credential *credential)
{
	const char *by = credential_is_operators(credential) ? NULL : credential->issued_by;
	if (!by || !detail->len)
		return;
	detail->data[--detail->len] = '\0'; /* the closing brace */
	buf_adds(detail, detail->len > 1 ? ",\"credential_issued_by\":" : "\"credential_issued_by\":");
	json_add_string(detail, by, strlen(by));
	buf_addc(detail, '}');
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
		return refuse_signature(r, "no such agent is enrolled here", c->sub);
	struct credential *credential = identity_signer(agent, identity_named(r), jws, len);
	if (!credential)
		return refuse_signature(r, "the signature is by no key of this agent", c->sub);
	int64_t now = clock_wall_ms();
	bool revoked;
	reason = identity_unusable(credential, now, &revoked);
	if (reason)
		return refuse(r, revoked ? PROBLEM_REVOKED : PROBLEM_IDENTITY, reason, c->sub,
			      credential->id);
	if (agent->disabled)
		return refuse(r, PROBLEM_REVOKED, "the agent is disabled", c->sub, credential->id);
	if (agent->delegated && !c->chain)
		return refuse(
		    r, PROBLEM_IDENTITY,
		    "this agent works on a delegation only, and came without a principal chain: whoctl "
		    "delegate makes one",
		    c->sub, credential->id);
	char why_chain[CHAIN_WHY];
	if (c->chain) {
		w->delegation = chain_take(server, c->chain, strlen(c->chain), why_chain);
		if (!w->delegation || !chain_ends_at(w->delegation, credential, why_chain))
			return refuse(r, PROBLEM_IDENTITY, why_chain, c->sub, credential->id);
		w->lineage = strdup(w->delegation->lineage.data);
		if (!w->lineage)
			return answer_problem(r, PROBLEM_UNAVAILABLE, "out of memory");
	}
	if (!task_hash_agrees(c->task, c->task_sha256))
		return refuse(r, PROBLEM_IDENTITY, "task_sha256 is not the SHA-256 of the task", c->sub,
			      credential->id);
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
	add_delegation(w);
	add_issuer(&w->detail, credential);
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
