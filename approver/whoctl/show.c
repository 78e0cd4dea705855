/* show.c: `whoctl show ID`: the whole story of one command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/find.h"
#include "approver/whoctl/record.h"
#include "common/uuid.h"

#define AROUND "3" /* commands of the session that are told on either side */

static int show(struct ctl *ctl)
{
	char id[UUID_LEN + 1];
	cJSON *record JSON_AUTO = NULL;
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	int status = find_command(ctl, ctl->operand[0], true, id);
	if (status != 0)
		return status;
	buf_adds(&path, "/v1/audit");
	path_add(&path, id);
	query_add(&path, "around", AROUND);
	query_add(&path, "evidence", given(ctl, OPT_EVIDENCE) ? "1" : "0");
	query_add(&path, "unmask", given(ctl, OPT_UNMASK) ? "1" : NULL);
	status = api_json(ctl, "GET", path.data, NULL, &record);
	if (status != 0)
		return status;
	if (!cJSON_IsObject(record))
		return complain(EXIT_UNREACHABLE, "the approver's answer is no record");
	if (!given(ctl, OPT_JSON)) {
		story_add(&text, record, &ctl->style);
		return output(&text);
	}
	cJSON *list JSON_AUTO = cJSON_CreateArray(), *one = record_json(record);
	if (!list || !one || !cJSON_AddItemToArray(list, one)) {
		cJSON_Delete(one);
		return json_output(NULL);
	}
	return json_output(list);
}

const struct verb verb_show = {
    .name = "show",
    .operands = "ID",
    .help = "the whole story of one command: who, for whom, why allowed, what came of it",
    .least = 1,
    .most = 1,
    .options = OPTION(UNMASK) | OPTION(EVIDENCE) | OPTION(JSON),
    .run = show,
};
