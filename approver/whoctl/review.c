/* review.c: `whoctl approve` and `whoctl deny`: a reviewer's word on a pending command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/find.h"
#include "approver/whoctl/human.h"
#include "common/uuid.h"
#include <string.h>

/* "approved 0193…", or what is still wanting. */
static void answer_add(struct buf *text, const char *id, const cJSON *answer)
{
	const char *state = json_string(answer, "state");
	json_visible_add(text, answer, "state", "decided");
	buf_addf(text, " %s", id);
	if (state && strcmp(state, "pending") == 0) {
		buf_adds(text, ": more approvals are needed; so far ");
		json_names_add(text, json_array(answer, "approved_by"));
	}
	buf_addc(text, '\n');
}

static int review_one(struct ctl *ctl, const char *typed, const char *verdict, struct buf *text,
		      cJSON *answers)
{
	char id[UUID_LEN + 1];
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *answer JSON_AUTO = NULL;
	struct buf path BUF_AUTO = BUF_INIT;
	int status = find_command(ctl, typed, false, id);
	if (status != 0)
		return status;
	buf_adds(&path, "/v1/reviews");
	path_add(&path, id);
	cJSON_AddStringToObject(body, "verdict", verdict);
	if (ctl->option[OPT_REASON])
		cJSON_AddStringToObject(body, "reason", ctl->option[OPT_REASON]);
	status = api_send(ctl, "POST", path.data, body, &answer);
	if (status != 0)
		return status;
	answer_add(text, id, answer);
	cJSON *copy = answer ? cJSON_Duplicate(answer, true) : cJSON_CreateObject();
	cJSON_DeleteItemFromObjectCaseSensitive(copy, "id");
	cJSON_AddStringToObject(copy, "id", id);
	if (!cJSON_AddItemToArray(answers, copy)) {
		cJSON_Delete(copy);
		return complain(EXIT_FAILED, "out of memory");
	}
	return 0;
}

/* Every ID that is given, also after one that fails; the first failure is the exit status. */
static int review(struct ctl *ctl, const char *verdict)
{
	struct buf text BUF_AUTO = BUF_INIT;
	cJSON *answers JSON_AUTO = cJSON_CreateArray();
	int first = 0;
	for (int i = 0; i < ctl->operands; i++) {
		int status = review_one(ctl, ctl->operand[i], verdict, &text, answers);
		first = first != 0 ? first : status;
		if (status == EXIT_UNREACHABLE)
			break;
	}
	int written = given(ctl, OPT_JSON) ? json_output(answers) : output(&text);
	return first != 0 ? first : written;
}

static int approve(struct ctl *ctl)
{
	return review(ctl, "approve");
}

static int deny(struct ctl *ctl)
{
	const char *reason = ctl->option[OPT_REASON];
	if (!reason || !*reason)
		return complain_usage(
		    ctl, "deny needs --reason: the agent, and whoever reads the log, must learn why");
	return review(ctl, "deny");
}

const struct verb verb_approve = {
    .name = "approve",
    .operands = "ID…",
    .help = "let a pending line run",
    .least = 1,
    .most = -1,
    .options = OPTION(REASON) | OPTION(JSON),
    .run = approve,
};

const struct verb verb_deny = {
    .name = "deny",
    .operands = "ID…",
    .help = "refuse a pending line (--reason is required)",
    .least = 1,
    .most = -1,
    .options = OPTION(REASON) | OPTION(JSON),
    .run = deny,
};
