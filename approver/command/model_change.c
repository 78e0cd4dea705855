/* model_change.c: a session's model changed; see model_change.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/model_change.h"
#include "approver/http/record.h"
#include "common/json.h"
#include <string.h>

void model_change_body(struct buf *out, const struct command_row *row, const char *before)
{
	buf_addf(out, "{\"session\":\"%s\",\"command\":\"%s\"", row->session, row->id);
	record_text(out, "agent", row->agent);
	record_text(out, "from", before);
	record_text(out, "to", row->model);
	buf_addc(out, '}');
}

bool model_change_detail(struct buf *detail, const char *before)
{
	static const char name[] = "\"model_before\":";
	if (detail->failed || detail->len < 2)
		return false;
	/* It is the first member when it is there: nothing that was sent can stand before it. */
	if (!strncmp(detail->data + 1, name, sizeof name - 1))
		return true;
	struct buf more BUF_AUTO = BUF_INIT;
	buf_addf(&more, "{%s", name);
	json_add_string(&more, before, strlen(before));
	if (detail->len > 2)
		buf_addc(&more, ',');
	buf_add(&more, detail->data + 1, detail->len - 1);
	if (more.failed)
		return false;
	buf_finish(detail);
	*detail = more;
	more = (struct buf)BUF_INIT;
	return true;
}

bool model_change_tell(struct buf *out, const char *body, size_t len, int64_t ms)
{
	static const char *const members[] = {"session", "command", "agent", "from", "to"};
	cJSON *tree JSON_AUTO = json_parse(body, len, NULL);
	if (!cJSON_IsObject(tree))
		return false;
	buf_adds(out, "{\"grade\":\"claimed\"");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		record_text(out, members[i], json_string(tree, members[i]));
	record_time(out, "ts", ms);
	buf_addc(out, '}');
	return true;
}
