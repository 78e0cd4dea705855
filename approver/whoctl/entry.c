/* entry.c: a record in a list: who's two lines, and what a reviewer must see before deciding.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/changed.h"
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/record.h"
#include "common/text.h"
#include <string.h>

#define LINE_COLUMNS 400 /* of a line in a list; show gives it whole */

static const char *filled(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	return text && *text ? text : NULL;
}

static bool claimed(const cJSON *record, const char *attribute)
{
	return strcmp(grade_of(record, attribute), "claimed") == 0;
}

/* "deploy on prod-1 in /srv/app (claimed)" */
static void place_add(struct buf *out, const cJSON *record)
{
	json_claim_add(out, record, "user", "?");
	buf_adds(out, " on ");
	json_claim_add(out, record, "host", "?");
	buf_adds(out, " in ");
	json_claim_add(out, record, "cwd", "?");
	if (claimed(record, "user") || claimed(record, "host") || claimed(record, "cwd"))
		buf_adds(out, " (claimed)");
}

void who_entry_add(struct buf *out, const cJSON *record, const struct style *style)
{
	int64_t seq;
	json_time_add(out, record, "ts", "(time unknown)     ");
	buf_adds(out, "  ");
	sentence_add(out, record, style, LINE_COLUMNS);
	buf_addc(out, '\n');
	claimed_task_add(out, record, style, "    ");

	struct buf rest BUF_AUTO = BUF_INIT;
	buf_adds(&rest, "    ");
	json_visible_add(&rest, record, "id", "?");
	buf_adds(&rest, "  ");
	place_add(&rest, record);
	if (filled(record, "session")) {
		buf_adds(&rest, ", session ");
		json_visible_add(&rest, record, "session", "");
		if (json_integer(record, "seq", &seq))
			buf_addf(&rest, " line %lld", (long long)seq);
		if (claimed(record, "session"))
			buf_adds(&rest, " (claimed)");
	}
	changed_names_add(&rest, record, "\n    ");
	if (filled(record, "reason")) {
		buf_adds(&rest, "\n    reason: ");
		json_visible_add(&rest, record, "reason", "");
	}
	coloured_add(out, style, COLOUR_DIM, rest.data ? rest.data : "");
	buf_addc(out, '\n');
}

/* Why the policy asks, word by word: the reasons that did not simply approve. */
static void explanation_add(struct buf *out, const cJSON *review)
{
	const cJSON *explanation = json_object(review, "explanation");
	const cJSON *reasons = explanation ? json_array(explanation, "reasons") : NULL, *reason;
	cJSON_ArrayForEach(reason, reasons)
	{
		const char *verdict = filled(reason, "verdict");
		if (!filled(reason, "text") || !verdict || strcmp(verdict, "approve") == 0)
			continue;
		buf_adds(out, "    why:     ");
		json_visible_add(out, reason, "text", "");
		buf_addc(out, '\n');
	}
}

static void approvals_add(struct buf *out, const cJSON *review)
{
	int64_t needed = 1;
	json_integer(review, "reviewers_needed", &needed);
	const cJSON *by = json_array(review, "approved_by");
	int have = cJSON_GetArraySize(by);
	if (needed > 1 || have > 0)
		buf_addf(out, "; %d of %lld approvals", have, (long long)needed);
	if (have > 0) {
		buf_adds(out, " (");
		json_names_add(out, by);
		buf_addc(out, ')');
	}
	if (json_true(review, "not_in_chain"))
		buf_adds(out, "; not by anyone in its lineage");
}

void pending_entry_add(struct buf *out, const cJSON *review, const struct style *style, int64_t now_ms)
{
	struct buf head BUF_AUTO = BUF_INIT;
	int64_t expires;
	json_visible_add(&head, review, "id", "?");
	coloured_add(out, style, COLOUR_BOLD, head.data ? head.data : "");
	if (json_time(review, "expires", &expires)) {
		struct buf left BUF_AUTO = BUF_INIT;
		span_add(&left, (expires - now_ms) / 1000);
		buf_adds(&left, " left");
		buf_adds(out, "  ");
		coloured_add(out, style, COLOUR_YELLOW, left.data ? left.data : "");
	}
	buf_addc(out, '\n');
	delegated_task_add(out, review, style, "    ");
	lines_add(out, review, "    │ ");
	changed_add(out, review, style, "    ", CHANGED_BRIEFLY);
	buf_adds(out, "    who:     ");
	who_add(out, review, style);
	buf_adds(out, "\n    lineage: ");
	lineage_add(out, review, style, "             ");
	buf_adds(out, "    where:   ");
	place_add(out, review);
	buf_adds(out, "\n    rule:    ");
	json_visible_add(out, review, "rule", "?");
	if (filled(review, "reason")) {
		buf_adds(out, ": ");
		json_visible_add(out, review, "reason", "");
	}
	approvals_add(out, review);
	buf_addc(out, '\n');
	explanation_add(out, review);
}
