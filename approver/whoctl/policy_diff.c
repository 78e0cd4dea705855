/* policy_diff.c: `whoctl policy diff FILE [OTHER]`: what a new policy would change.
 *
 * With one file it is compared with the policy in force.  Rules are told apart by their names.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/policy_file.h"
#include "common/json.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static const cJSON *rule_named(const cJSON *document, const char *name)
{
	const cJSON *rule;
	cJSON_ArrayForEach(rule, json_array(document, "rules"))
	{
		const char *found = json_string(rule, "name");
		if (found && name && !strcmp(found, name))
			return rule;
	}
	return NULL;
}

static void line(struct buf *out, const char *sign, const char *what, const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	buf_addf(out, "%s %s ", sign, what);
	visible_add(out, text ? text : "", text ? strlen(text) : 0);
	buf_addc(out, '\n');
	cJSON_free(text);
}

static void compare(struct buf *out, const cJSON *before, const cJSON *after)
{
	const cJSON *rule, *was = cJSON_GetObjectItemCaseSensitive(before, "default");
	const cJSON *is = cJSON_GetObjectItemCaseSensitive(after, "default");
	const char *old = was ? was->valuestring : "review", *new = is ? is->valuestring : "review";
	if (strcmp(old, new) != 0)
		buf_addf(out, "- default %s\n+ default %s\n", old, new);
	cJSON_ArrayForEach(rule,
			   json_array(before, "rules")) if (!rule_named(after, json_string(rule, "name")))
	    line(out, "-", "rule", rule);
	cJSON_ArrayForEach(rule, json_array(after, "rules"))
	{
		const cJSON *same = rule_named(before, json_string(rule, "name"));
		if (same && !cJSON_Compare(same, rule, true))
			line(out, "-", "rule", same);
		if (!same || !cJSON_Compare(same, rule, true))
			line(out, "+", "rule", rule);
	}
}

static int diff(struct ctl *ctl)
{
	struct policy *before = NULL, *after = NULL;
	struct buf out BUF_AUTO = BUF_INIT;
	int status = ctl->operands == 2 ? policy_file_load(ctl->operand[0], &before)
					: policy_server_load(ctl, &before);
	if (!status)
		status = policy_file_load(ctl->operand[ctl->operands - 1], &after);
	if (!status) {
		size_t old_len, new_len;
		const char *old = policy_text(before, &old_len), *new = policy_text(after, &new_len);
		cJSON *was JSON_AUTO = json_parse(old, old_len, NULL),
			   *is JSON_AUTO = json_parse(new, new_len, NULL);
		compare(&out, was, is);
		if (!out.len)
			buf_adds(&out, "no difference\n");
		status = output(&out);
	}
	policy_free(before);
	policy_free(after);
	return status;
}

const struct verb verb_policy_diff = {
    .name = "policy diff",
    .operands = "[FILE] FILE",
    .help = "what a policy would change, compared with the one in force or another file",
    .least = 1,
    .most = 2,
    .options = 0,
    .run = diff,
};
