/* route_reviews.c: what waits for a person, and a person's word.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/claims.h"
#include "approver/command/policy_box.h"
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/policy/policy_session.h"
#include "approver/command/settle.h"
#include "common/json.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_LISTED = 1000 };

/* The policy that put the command before a reviewer: the one in force, or one kept from before. */
struct explaining {
	struct request *request;
	struct store_reader *reader;
	struct held_policy *held;
	struct policy *earlier; /* the last one that was looked up */
	int n;
};

static const struct policy *policy_of(struct explaining *x, const char *hash)
{
	if (!hash || !strcmp(hash, policy_s256(policy_held(x->held))))
		return policy_held(x->held);
	if (x->earlier && !strcmp(hash, policy_s256(x->earlier)))
		return x->earlier;
	char *text = NULL, *error = NULL;
	size_t len;
	if (store_policy(x->reader, hash, &text, &len) != 1)
		return policy_held(x->held);
	policy_free(x->earlier);
	x->earlier = policy_parse(text, len, &error);
	free(text);
	free(error);
	return x->earlier ? x->earlier : policy_held(x->held);
}

static const char **strings(const cJSON *list, bool names, size_t *n)
{
	const char **out = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *out);
	const cJSON *item;
	*n = 0;
	cJSON_ArrayForEach(item, list)
	{
		const char *text = names ? item->string : cJSON_GetStringValue(item);
		if (out && text)
			out[(*n)++] = text;
	}
	return out;
}

/* Why it waits, word by word: the policy is asked again with what was recorded.  `start` and `end` of a
 * reason count bytes of the line as it is. */
static void explain(struct buf *out, struct explaining *x, const struct command_row *row,
		    struct masking *masking)
{
	cJSON *detail JSON_AUTO = row->detail ? json_parse(row->detail, strlen(row->detail), NULL) : NULL;
	const char *chain[] = {row->human, row->agent};
	struct policy_session session;
	char why[160];
	bool read = policy_session_read(&session, detail, why);
	size_t n_argv, n_env;
	const char **argv = strings(json_array(detail, "argv"), false, &n_argv);
	const char **env = strings(json_object(detail, "env_kept"), true, &n_env);
	struct policy_request request = {.agent = row->agent,
					 .agent_version = row->agent_version,
					 .human = row->human,
					 .chain = chain,
					 .n_chain = 2,
					 .model = row->model,
					 .task = row->task,
					 .host = row->host,
					 .user = row->user,
					 .cwd = row->cwd,
					 .mode = row->mode,
					 .line = row->line,
					 .line_len = row->line_len,
					 .argv = argv,
					 .n_argv = n_argv,
					 .env_kept = env,
					 .n_env_kept = n_env,
					 .session = &session,
					 .now = (time_t)(row->ts / 1000)};
	struct policy_decision decision;
	buf_adds(out, ",\"explanation\":");
	if (argv && env && read && !policy_decide(policy_of(x, row->policy), &request, &decision)) {
		cJSON *tree JSON_AUTO = policy_decision_json(&decision, row->line, row->line_len);
		if (mask_tree(masking, tree))
			json_emit(out, tree);
		else
			out->failed = true;
		policy_decision_finish(&decision);
	} else {
		buf_adds(out, "null");
	}
	policy_session_finish(&session);
	free(argv);
	free(env);
}

static bool list_review(const struct command_row *row, void *arg)
{
	struct explaining *x = arg;
	struct buf *out = &x->request->out;
	char *names = NULL;
	if (x->n++)
		buf_addc(out, ',');
	struct masked_row masked;
	if (masked_row_init(&masked, row, x->request->server->secrets))
		record_open_masked(out, &masked, false);
	else
		out->failed = true;
	record_pending(out, row);
	buf_adds(out, ",\"approved_by\":");
	buf_adds(out, store_reviews(x->reader, row->id, &names) == 0 && names ? names : "[]");
	free(names);
	if (masked.masking) /* else the answer has failed */
		explain(out, x, row, masked.masking);
	buf_addc(out, '}');
	masked_row_finish(&masked);
	return x->n < MAX_LISTED && out->len < LISTING_FULL;
}

bool route_reviews_list(struct request *r)
{
	struct explaining x = {.request = r, .reader = server_reader(r->server)};
	if (!x.reader)
		return answer_unavailable(r);
	x.held = policy_hold(r->server->policy);
	buf_adds(&r->out, "{\"reviews\":[");
	int failed = store_in_state(x.reader, COMMAND_PENDING, list_review, &x);
	buf_adds(&r->out, "]}");
	policy_release(x.held);
	policy_free(x.earlier);
	return failed ? answer_unavailable(r) : answer_json(r, 200);
}

bool route_reviews_post(struct request *r)
{
	static const char *const names[] = {"verdict", "reason", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	if (!uuid_valid(r->param))
		return answer_problem(r, PROBLEM_NOT_FOUND, "not the ID of a command");
	const char *verdict = json_string(json, "verdict"), *reason = json_string(json, "reason");
	bool approve = verdict && !strcmp(verdict, "approve");
	if (!approve && (!verdict || strcmp(verdict, "deny") != 0))
		return answer_problem(r, PROBLEM_MALFORMED, "verdict is \"approve\" or \"deny\"");
	if (reason && !*reason)
		reason = NULL;
	if (!approve && !reason)
		return answer_problem(r, PROBLEM_MALFORMED,
				      "a denial needs a reason: the agent and its owner will ask");
	if (reason && strlen(reason) > 4096)
		return answer_problem(r, PROBLEM_MALFORMED, "the reason is too long");
	struct settle_ask ask = {.id = r->param,
				 .by = SETTLE_REVIEW,
				 .approve = approve,
				 .operator_name = r->operator_account->name,
				 .reason = reason};
	request_suspend(r);
	settle_push(r->server, &ask, r);
	return false;
}
