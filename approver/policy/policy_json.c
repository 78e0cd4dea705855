/* policy_json.c: a decision for programs, and the starter policy.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "common/buf.h"
#include "common/text.h"
#include <cjson/cJSON.h>

static cJSON *add_object(cJSON *array)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddItemToArray(array, object);
	return object;
}

cJSON *policy_decision_json(const struct policy_decision *decision, const char *line, size_t line_len)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "verdict", verdict_name(decision->verdict));
	cJSON_AddStringToObject(json, "rule", decision->rule ? decision->rule : "default");
	cJSON_AddStringToObject(json, "reason", decision->reason ? decision->reason : "");
	cJSON *reviewers = cJSON_AddObjectToObject(json, "reviewers");
	cJSON_AddNumberToObject(reviewers, "count", decision->reviewers.count);
	cJSON_AddBoolToObject(reviewers, "not_in_chain", decision->reviewers.not_in_chain);
	cJSON *reasons = cJSON_AddArrayToObject(json, "reasons");
	for (size_t i = 0; i < decision->n_reasons; i++) {
		const struct policy_reason *r = &decision->reasons[i];
		cJSON *one = add_object(reasons);
		cJSON_AddNumberToObject(one, "start", (double)r->start);
		cJSON_AddNumberToObject(one, "end", (double)r->end);
		cJSON_AddStringToObject(one, "verdict", verdict_name(r->verdict));
		if (r->rule)
			cJSON_AddStringToObject(one, "rule", r->rule);
		else
			cJSON_AddNullToObject(one, "rule");
		cJSON_AddStringToObject(one, "text", r->text ? r->text : "");
		struct buf part BUF_AUTO = BUF_INIT;
		if (r->end > r->start && r->end <= line_len)
			visible_add(&part, line + r->start, r->end - r->start);
		cJSON_AddStringToObject(one, "part", part.data ? part.data : "");
	}
	cJSON *shadows = cJSON_AddArrayToObject(json, "shadows");
	for (size_t i = 0; i < decision->n_shadows; i++) {
		cJSON *one = add_object(shadows);
		cJSON_AddStringToObject(one, "rule",
					decision->shadows[i].rule ? decision->shadows[i].rule : "");
		cJSON_AddStringToObject(one, "verdict", verdict_name(decision->shadows[i].verdict));
	}
	return json;
}

const char policy_starter[] =
    "{\"version\": 1, \"default\": \"review\", \"rules\": [\n"
    "  {\"name\": \"read-only\", \"verdict\": \"approve\", \"commands\": [\n"
    "    [[\"ls\", \"cat\", \"head\", \"tail\", \"wc\", \"grep\", \"stat\", \"file\", \"du\", \"df\", "
    "\"id\", \"whoami\", \"uname\", "
    "\"hostname\", \"date\", \"ps\", \"diff\", \"cut\", \"tr\", \"uniq\", \"basename\", \"dirname\", "
    "\"realpath\"], \"**\"],\n"
    "    [\"git\", [\"status\", \"log\", \"diff\", \"show\", \"branch\", \"rev-parse\"], \"**\"]]},\n"
    "  {\"name\": \"shell\", \"verdict\": \"approve\", \"commands\": [\n"
    "    [[\"cd\", \"echo\", \"printf\", \"pwd\", \"true\", \"false\", \":\", \"test\", \"[\", \"exit\", "
    "\"return\", \"set\", \"export\", "
    "\"local\", \"read\", \"sleep\", \"wait\", \"break\", \"continue\", \"shift\"], \"**\"]]},\n"
    "  {\"name\": \"no-ddl-outside-migrations\", \"verdict\": \"deny\", \"unless\": {\"agents\": "
    "[\"db-migration-agent\"]},\n"
    "   \"commands\": [[[\"psql\", \"mysql\", \"sqlite3\"], \"**\"]], \"line_matches\": "
    "\"(?i)\\\\b(drop|truncate)\\\\s+table\"},\n"
    "  {\"name\": \"destructive\", \"verdict\": \"review\", \"reviewers\": {\"count\": 1, \"not_in_chain\": "
    "true},\n"
    "   \"commands\": [[[\"rm\", \"shred\", \"dd\", \"mkfs*\", \"shutdown\", \"reboot\"], \"**\"]]}]}\n";
const size_t policy_starter_len = sizeof policy_starter - 1;
