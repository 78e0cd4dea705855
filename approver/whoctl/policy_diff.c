/* policy_diff.c: `whoctl policy diff [OLD] NEW`: what a new policy would change.
 *
 * With one file it is compared with the policy in force.  Rules are told apart by their names; their order
 * does not matter, since the strictest wins.  What a changed rule means is best seen on lines that were
 * really sent: with
 * --last N both policies judge those, and the ones whose verdict changes are told.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/policy_file.h"
#include "approver/whoctl/policy_judge.h"
#include "approver/whoctl/record.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

#define LAST_MAX 10000
#define LINE_COLUMNS 200

static const cJSON *rule_named(const cJSON *document, const char *name)
{
	const cJSON *rule;
	cJSON_ArrayForEach(rule, json_array(document, "rules"))
	{
		const char *found = json_string(rule, "name");
		if (found && name && strcmp(found, name) == 0)
			return rule;
	}
	return NULL;
}

static const char *default_of(const cJSON *document)
{
	const char *verdict = json_string(document, "default");
	return verdict ? verdict : "review";
}

static void keep_old_and_new(cJSON *list, const cJSON *old, const cJSON *new)
{
	cJSON *both = cJSON_CreateObject();
	if (old)
		cJSON_AddItemToObject(both, "old", cJSON_Duplicate(old, true));
	if (new)
		cJSON_AddItemToObject(both, "new", cJSON_Duplicate(new, true));
	if (!cJSON_AddItemToArray(list, both))
		cJSON_Delete(both);
}

/* Add "default" (null when it stays) and "rules", each {"old","new"} with one of them when there is no other.
 */
static void compare(cJSON *changes, const cJSON *before, const cJSON *after)
{
	const char *old = default_of(before), *new = default_of(after);
	cJSON *rules = cJSON_AddArrayToObject(changes, "rules");
	if (strcmp(old, new) == 0) {
		cJSON_AddNullToObject(changes, "default");
	} else {
		cJSON *both = cJSON_AddObjectToObject(changes, "default");
		cJSON_AddStringToObject(both, "old", old);
		cJSON_AddStringToObject(both, "new", new);
	}
	const cJSON *rule;
	cJSON_ArrayForEach(rule, json_array(before, "rules"))
	{
		const cJSON *now = rule_named(after, json_string(rule, "name"));
		if (!now || !cJSON_Compare(rule, now, true))
			keep_old_and_new(rules, rule, now);
	}
	cJSON_ArrayForEach(rule,
			   json_array(after, "rules")) if (!rule_named(before, json_string(rule, "name")))
	    keep_old_and_new(rules, NULL, rule);
}

/* Judge one record by both; remember it when they differ.  -1 when out of memory. */
static int judge(cJSON *verdicts, const cJSON *record, const struct policy *before,
		 const struct policy *after)
{
	struct policy_decision old, new;
	if (policy_judge(before, record, &old) != 0)
		return -1;
	if (policy_judge(after, record, &new) != 0) {
		policy_decision_finish(&old);
		return -1;
	}
	if (old.verdict != new.verdict) {
		cJSON *change = record_json(record);
		cJSON_AddStringToObject(change, "old_verdict", verdict_name(old.verdict));
		cJSON_AddStringToObject(change, "new_verdict", verdict_name(new.verdict));
		cJSON_AddStringToObject(change, "old_rule", old.rule ? old.rule : "default");
		cJSON_AddStringToObject(change, "new_rule", new.rule ? new.rule : "default");
		if (!cJSON_AddItemToArray(verdicts, change))
			cJSON_Delete(change);
	}
	policy_decision_finish(&old);
	policy_decision_finish(&new);
	return 0;
}

/* Add "judged" and "verdicts" for the last lines that the approver has recorded. */
static int judge_last(struct ctl *ctl, cJSON *changes, const struct policy *before,
		      const struct policy *after)
{
	struct buf path BUF_AUTO = BUF_INIT;
	cJSON *records JSON_AUTO = NULL;
	buf_adds(&path, "/v1/audit");
	query_add(&path, "limit", ctl->option[OPT_LAST]);
	int status = api_list(ctl, path.data, "commands", &records);
	if (status != 0)
		return status;
	cJSON *verdicts = cJSON_AddArrayToObject(changes, "verdicts");
	cJSON_AddNumberToObject(changes, "judged", cJSON_GetArraySize(records));
	const cJSON *record;
	cJSON_ArrayForEach(record, records) if (judge(verdicts, record, before, after) !=
						0) return complain(EXIT_FAILED, "out of memory");
	return 0;
}

static void json_line_add(struct buf *out, const struct style *style, bool new, const char *what,
			  const cJSON *json)
{
	if (!json)
		return;
	char *text = cJSON_PrintUnformatted(json);
	colour_add(out, style, new ? COLOUR_GREEN : COLOUR_RED);
	buf_addf(out, "%s %s ", new ? "+" : "-", what);
	visible_add(out, text ? text : "", text ? strlen(text) : 0);
	colour_add(out, style, COLOUR_NONE);
	buf_addc(out, '\n');
	free(text);
}

static void changes_add(struct buf *out, const cJSON *changes, const struct style *style)
{
	const cJSON *otherwise = json_object(changes, "default"), *both, *record;
	json_line_add(out, style, false, "default", cJSON_GetObjectItemCaseSensitive(otherwise, "old"));
	json_line_add(out, style, true, "default", cJSON_GetObjectItemCaseSensitive(otherwise, "new"));
	cJSON_ArrayForEach(both, json_array(changes, "rules"))
	{
		json_line_add(out, style, false, "rule", json_object(both, "old"));
		json_line_add(out, style, true, "rule", json_object(both, "new"));
	}
	if (out->len == 0)
		buf_adds(out, "no difference\n");
	const cJSON *verdicts = json_array(changes, "verdicts");
	int64_t judged;
	if (!json_integer(changes, "judged", &judged))
		return;
	buf_addf(out, "%d of the last %lld lines would be judged otherwise\n", cJSON_GetArraySize(verdicts),
		 (long long)judged);
	cJSON_ArrayForEach(record, verdicts)
	{
		buf_adds(out, "  ");
		json_visible_add(out, record, "old_verdict", "?");
		buf_adds(out, " → ");
		json_visible_add(out, record, "new_verdict", "?");
		buf_adds(out, " by ");
		json_visible_add(out, record, "new_rule", "?");
		buf_adds(out, ", ");
		json_visible_add(out, record, "agent", "?");
		buf_adds(out, ": ");
		line_add(out, record, LINE_COLUMNS);
		buf_addc(out, '\n');
	}
}

static int diff_loaded(struct ctl *ctl, const struct policy *before, const struct policy *after)
{
	size_t old_len, new_len;
	const char *old = policy_text(before, &old_len), *new = policy_text(after, &new_len);
	cJSON *was JSON_AUTO = json_parse(old, old_len, NULL), *is JSON_AUTO = json_parse(new, new_len, NULL);
	cJSON *changes JSON_AUTO = cJSON_CreateObject();
	compare(changes, was, is);
	int status = given(ctl, OPT_LAST) ? judge_last(ctl, changes, before, after) : 0;
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(changes);
	struct buf out BUF_AUTO = BUF_INIT;
	changes_add(&out, changes, &ctl->style);
	return output(&out);
}

static int diff(struct ctl *ctl)
{
	const char *last = ctl->option[OPT_LAST];
	char *end = NULL;
	long n = last ? strtol(last, &end, 10) : 1;
	if (last && (end == last || *end || n < 1 || n > LAST_MAX))
		return complain_usage(ctl, "--last is a number from 1 to %d, not \"%s\"", LAST_MAX, last);
	struct policy *before = NULL, *after = NULL;
	int status = policy_file_load(ctl->operand[ctl->operands - 1], &after);
	if (status == 0)
		status = ctl->operands == 2 ? policy_file_load(ctl->operand[0], &before)
					    : policy_server_load(ctl, &before);
	if (status == 0)
		status = diff_loaded(ctl, before, after);
	policy_free(before);
	policy_free(after);
	return status;
}

const struct verb verb_policy_diff = {
    .name = "policy diff",
    .operands = "[OLD] NEW",
    .help = "what a policy would change, compared with the one in force or another file",
    .least = 1,
    .most = 2,
    .options = OPTION(LAST) | OPTION(JSON),
    .run = diff,
};
