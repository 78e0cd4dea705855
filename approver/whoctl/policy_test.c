/* policy_test.c: `whoctl policy test FILE CASES`: does a policy say what its authors meant?
 *
 * CASES is JSON: a list of {"line": …, "verdict": "approve"|"review"|"deny"} and, where it matters, "rule",
 * "agent", "agent_version", "human", "model", "task", "host", "user", "cwd", "mode".
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/policy_file.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/json.h"
#include "common/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 1 << 20 };

/* "" when the case holds; else what is wrong with it. */
static int judge(const struct policy *policy, const cJSON *one, struct buf *wrong)
{
	static const char *const members[] = {"line",  "verdict", "rule", "agent", "agent_version",
					      "human", "model",   "task", "host",  "user",
					      "cwd",   "mode",    NULL};
	const char *line = json_string(one, "line"), *verdict = json_string(one, "verdict");
	const char *rule = json_string(one, "rule"), *other, *chain[2];
	struct policy_request request = {
	    .agent = json_string(one, "agent"),
	    .agent_version = json_string(one, "agent_version"),
	    .human = json_string(one, "human"),
	    .model = json_string(one, "model"),
	    .task = json_string(one, "task"),
	    .host = json_string(one, "host"),
	    .user = json_string(one, "user"),
	    .cwd = json_string(one, "cwd"),
	    .mode = json_string(one, "mode"),
	    .chain = chain,
	    .line = line,
	    .line_len = line ? strlen(line) : 0,
	    .now = (time_t)clock_now(),
	};
	struct policy_decision decision;
	if (!cJSON_IsObject(one) || !line || !verdict || !json_only(one, members, &other))
		return complain(EXIT_FAILED,
				"a case needs \"line\" and \"verdict\", and takes no unknown members");
	if (request.human)
		chain[request.n_chain++] = request.human;
	if (request.agent)
		chain[request.n_chain++] = request.agent;
	if (policy_decide(policy, &request, &decision))
		return complain(EXIT_FAILED, "out of memory");
	if (strcmp(verdict, verdict_name(decision.verdict)) != 0 ||
	    (rule && strcmp(rule, decision.rule) != 0)) {
		buf_adds(wrong, "wrong: ");
		visible_add(wrong, line, request.line_len);
		buf_addf(wrong, "\n  wanted %s%s%s, got %s by %s: %s\n", verdict, rule ? " by " : "",
			 rule ? rule : "", verdict_name(decision.verdict), decision.rule, decision.reason);
	}
	policy_decision_finish(&decision);
	return 0;
}

static int test(struct ctl *ctl)
{
	struct policy *policy;
	struct buf text BUF_AUTO = BUF_INIT, out BUF_AUTO = BUF_INIT;
	const char *why = "it is empty";
	int held = 0, failed = 0, status = policy_file_load(ctl->operand[0], &policy);
	if (status)
		return status;
	cJSON *cases JSON_AUTO = NULL;
	if (read_file(ctl->operand[1], CASES_MAX, &text))
		status = complain(EXIT_FAILED, "%s: %s", ctl->operand[1], strerror(errno));
	else if (!text.len || !(cases = json_parse(text.data, text.len, &why)) || !cJSON_IsArray(cases))
		status = complain(EXIT_FAILED, "%s: not a list of cases: %s", ctl->operand[1],
				  cases ? "no list" : why);
	const cJSON *one;
	const cJSON *list = status ? NULL : cases;
	cJSON_ArrayForEach(one, list)
	{
		size_t before = out.len;
		status = judge(policy, one, &out);
		if (status)
			break;
		*(out.len > before ? &failed : &held) += 1;
	}
	policy_free(policy);
	if (status)
		return status;
	buf_addf(&out, "%d as meant, %d not\n", held, failed);
	status = output(&out);
	return status ? status : failed ? EXIT_FAILED : 0;
}

const struct verb verb_policy_test = {
    .name = "policy test",
    .operands = "FILE CASES",
    .help = "judge each case and tell where the verdict is not the one meant",
    .least = 2,
    .most = 2,
    .options = 0,
    .run = test,
};
