/* policy_test.c: `whoctl policy test FILE CASES`: does a policy say what its authors meant?
 *
 * CASES is JSON: a list of {"line": …, "verdict": "approve"|"review"|"deny"} and, where it matters, "rule",
 * "agent", "agent_version", "human", "model", "task", "host", "user", "cwd", "mode", "ts" (when it is asked),
 * "meaning" and "sourced" (what a session has made of it; see whosh-protocol(7)).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_session.h"
#include "approver/whoctl/policy_file.h"
#include "approver/whoctl/policy_judge.h"
#include "approver/whoctl/table.h"
#include "common/io.h"
#include "common/text.h"
#include <errno.h>
#include <string.h>

#define CASES_MAX (1u << 20)

/* What is wrong with how a case is written; NULL when nothing is. */
static const char *malformed(const cJSON *one)
{
	static const char *const members[] = {
	    "line", "verdict", "rule", "agent", "agent_version", "human",   "model", "task", "host",
	    "user", "cwd",     "mode", "ts",    "meaning",       "sourced", NULL};
	static char text[160];
	struct policy_session session;
	const char *verdict = json_string(one, "verdict"), *other;
	if (!cJSON_IsObject(one) || !json_string(one, "line"))
		return "it needs a \"line\"";
	if (!verdict || (strcmp(verdict, "approve") && strcmp(verdict, "review") && strcmp(verdict, "deny")))
		return "its \"verdict\" is approve, review or deny";
	for (const cJSON *member = one->child; member; member = member->next)
		if (!cJSON_IsString(member) && strcmp(member->string, "meaning") != 0 &&
		    strcmp(member->string, "sourced") != 0)
			return "its members are strings";
	bool read = policy_session_read(&session, one, text);
	policy_session_finish(&session);
	return !read ? text : json_only(one, members, &other) ? NULL : "it has a member that no case has";
}

/* Add {"line","wanted","got","rule","reason","as_meant"} to the results. */
static int judge(const struct policy *policy, const cJSON *one, cJSON *results)
{
	const char *wanted = json_string(one, "verdict"), *rule = json_string(one, "rule");
	struct policy_decision decision;
	if (policy_judge(policy, one, &decision) != 0)
		return complain(EXIT_FAILED, "out of memory");
	const char *by = decision.rule ? decision.rule : "default", *got = verdict_name(decision.verdict);
	bool as_meant = strcmp(wanted, got) == 0 && (!rule || strcmp(rule, by) == 0);
	cJSON *result = cJSON_CreateObject();
	cJSON_AddStringToObject(result, "line", json_string(one, "line"));
	cJSON_AddStringToObject(result, "wanted", wanted);
	if (rule)
		cJSON_AddStringToObject(result, "wanted_rule", rule);
	cJSON_AddStringToObject(result, "got", got);
	cJSON_AddStringToObject(result, "rule", by);
	cJSON_AddStringToObject(result, "reason", decision.reason ? decision.reason : "");
	cJSON_AddBoolToObject(result, "as_meant", as_meant);
	policy_decision_finish(&decision);
	if (cJSON_AddItemToArray(results, result))
		return 0;
	cJSON_Delete(result);
	return complain(EXIT_FAILED, "out of memory");
}

static void wrong_add(struct buf *out, const cJSON *result, const struct style *style)
{
	coloured_add(out, style, COLOUR_RED, "wrong: ");
	json_visible_add(out, result, "line", "");
	buf_adds(out, "\n  wanted ");
	json_visible_add(out, result, "wanted", "");
	if (json_string(result, "wanted_rule")) {
		buf_adds(out, " by ");
		json_visible_add(out, result, "wanted_rule", "");
	}
	buf_adds(out, ", got ");
	json_visible_add(out, result, "got", "");
	buf_adds(out, " by ");
	json_visible_add(out, result, "rule", "");
	buf_adds(out, ": ");
	json_visible_add(out, result, "reason", "");
	buf_addc(out, '\n');
}

static int test_cases(struct ctl *ctl, const struct policy *policy, const cJSON *cases)
{
	cJSON *results JSON_AUTO = cJSON_CreateArray();
	const cJSON *one, *result;
	int number = 0, status = 0, held = 0, failed = 0;
	cJSON_ArrayForEach(one, cases)
	{
		const char *why = malformed(one);
		number++;
		status = why ? complain(EXIT_FAILED, "%s: case %d: %s", ctl->operand[1], number, why)
			     : judge(policy, one, results);
		if (status != 0)
			return status;
	}
	struct buf out BUF_AUTO = BUF_INIT;
	cJSON_ArrayForEach(result, results)
	{
		if (json_true(result, "as_meant")) {
			held++;
			continue;
		}
		failed++;
		wrong_add(&out, result, &ctl->style);
	}
	buf_addf(&out, "%d as meant, %d not\n", held, failed);
	status = given(ctl, OPT_JSON) ? json_output(results) : output(&out);
	return status != 0 ? status : failed > 0 ? EXIT_FAILED : 0;
}

static int test(struct ctl *ctl)
{
	const char *path = ctl->operand[1], *why = "it is empty";
	struct policy *policy = NULL;
	struct buf text BUF_AUTO = BUF_INIT;
	int status = policy_file_load(ctl->operand[0], &policy);
	if (status != 0)
		return status;
	cJSON *cases JSON_AUTO = NULL;
	if (read_file(path, CASES_MAX, &text) != 0)
		status = complain(EXIT_FAILED, "%s: %s", path, strerror(errno));
	else if (text.len == 0 || !(cases = json_parse(text.data, text.len, &why)))
		status = complain(EXIT_FAILED, "%s: not JSON: %s", path, why);
	else if (!cJSON_IsArray(cases) || !cases->child)
		status = complain(EXIT_FAILED, "%s: not a list of cases", path);
	else
		status = test_cases(ctl, policy, cases);
	policy_free(policy);
	return status;
}

const struct verb verb_policy_test = {
    .name = "policy test",
    .operands = "FILE CASES",
    .help = "judge each case and tell where the verdict is not the one meant",
    .least = 2,
    .most = 2,
    .options = OPTION(JSON),
    .run = test,
};
