/* pending.c: `whoctl pending`: the lines that wait for a person.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/record.h"
#include "common/clock.h"

static int pending(struct ctl *ctl)
{
	cJSON *reviews JSON_AUTO = NULL;
	int status = api_list(ctl, "/v1/reviews", "reviews", &reviews);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON)) {
		/* The approver lists the oldest first, as a queue; --json is newest first everywhere. */
		cJSON *list JSON_AUTO = records_json(reviews, true);
		return json_output(list);
	}
	struct buf text BUF_AUTO = BUF_INIT;
	const cJSON *review;
	cJSON_ArrayForEach(review, reviews)
	{
		if (given(ctl, OPT_QUIET)) {
			json_visible_add(&text, review, "id", "?");
			buf_addc(&text, '\n');
			continue;
		}
		buf_adds(&text, review == reviews->child ? "" : "\n");
		pending_entry_add(&text, review, &ctl->style, clock_wall_ms());
	}
	if (!reviews->child && !given(ctl, OPT_QUIET))
		buf_adds(&text, "nothing waits for a reviewer\n");
	else if (ctl->style.terminal && !given(ctl, OPT_QUIET))
		buf_adds(&text,
			 "\nwhoctl approve ID, or whoctl deny ID --reason WHY (the end of an ID will do)\n");
	return output(&text);
}

const struct verb verb_pending = {
    .name = "pending",
    .operands = "",
    .help = "the lines that wait for a reviewer, the oldest first",
    .most = 0,
    .options = OPTION(JSON) | OPTION(QUIET),
    .run = pending,
};
