/* story_session.c: show's page: the people who decided, and what the session did around the command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/record.h"
#include "approver/whoctl/story.h"
#include "common/text.h"
#include <string.h>

#define LINE_COLUMNS 200

void delay_add(struct buf *out, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (ms < 1000)
		buf_addf(out, "%lld ms", (long long)ms);
	else if (ms < 10000)
		buf_addf(out, "%.1f s", (double)ms / 1000);
	else
		span_add(out, ms / 1000);
}

/* ── reviewers ─────────────────────────────────────────────────────────────────────────────────────────── */

/* "bob approved it after 9 m 12 s (2026-11-23 03:56:24): looks right" */
static void review_add(struct buf *out, const char *label, const cJSON *record, const cJSON *event)
{
	struct buf text BUF_AUTO = BUF_INIT, when BUF_AUTO = BUF_INIT;
	const char *verdict = json_string(event, "verdict"), *reason = json_string(event, "reason");
	int64_t came, said;
	json_visible_add(&text, event, "operator", "somebody");
	if (verdict && !strcmp(verdict, "approve"))
		buf_adds(&text, " approved it");
	else if (verdict && !strcmp(verdict, "deny"))
		buf_adds(&text, " denied it");
	else
		buf_adds(&text, " reviewed it");
	if (json_time(record, "ts", &came) && json_time(event, "ts", &said)) {
		buf_adds(&text, " after ");
		delay_add(&text, said - came);
	}
	json_time_add(&when, event, "ts", "");
	if (when.len)
		buf_addf(&text, " (%s)", when.data);
	if (reason && *reason) {
		buf_adds(&text, ": ");
		buf_adds(&text, reason);
	}
	fact_add(out, label, text.data);
}

static void waiting_add(struct buf *out, const cJSON *record, int so_far)
{
	const char *state = json_string(record, "state");
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t needed;
	if (!state || strcmp(state, "pending") != 0 || !json_integer(record, "reviewers_needed", &needed))
		return;
	int64_t more = needed - so_far;
	buf_addf(&text, "for %lld more reviewer%s", (long long)more, more == 1 ? "" : "s");
	if (json_true(record, "not_in_chain"))
		buf_adds(&text, ", nobody of its lineage");
	struct buf until BUF_AUTO = BUF_INIT;
	json_time_add(&until, record, "expires", "");
	if (until.len)
		buf_addf(&text, ", until %s", until.data);
	fact_add(out, "waits", text.data);
}

void reviews_add(struct buf *out, const cJSON *record)
{
	const cJSON *event;
	int n = 0;
	cJSON_ArrayForEach(event, json_array(record, "events"))
	{
		const char *kind = json_string(event, "kind");
		if (kind && !strcmp(kind, "review"))
			review_add(out, n++ ? "" : "reviewed", record, event);
	}
	waiting_add(out, record, n);
}

/* ── the session ───────────────────────────────────────────────────────────────────────────────────────── */

/* "exit 0", "denied", "killed by SIGTERM", "pending" */
static void went_add(struct buf *out, const cJSON *record)
{
	const char *verdict = json_string(record, "verdict"), *signal = json_string(record, "signal"),
		   *outcome = json_string(record, "outcome");
	int64_t status;
	if (!verdict)
		buf_adds(out, "pending");
	else if (strcmp(verdict, "approved") != 0)
		buf_adds(out, verdict);
	else if (signal)
		buf_addf(out, "SIG%s", strncmp(signal, "SIG", 3) == 0 ? signal + 3 : signal);
	else if (json_integer(record, "exit", &status))
		buf_addf(out, "exit %lld", (long long)status);
	else
		buf_adds(out, outcome ? outcome : "no outcome yet");
}

static void neighbour_row(struct table *table, const cJSON *record, const char *mark)
{
	struct buf seq BUF_AUTO = BUF_INIT, when BUF_AUTO = BUF_INIT, went BUF_AUTO = BUF_INIT,
		       line BUF_AUTO = BUF_INIT;
	int64_t number;
	if (json_integer(record, "seq", &number))
		buf_addf(&seq, "%s%lld", mark, (long long)number);
	json_time_add(&when, record, "ts", "");
	went_add(&went, record);
	line_add(&line, record, LINE_COLUMNS);
	table_cell(table, seq.data);
	table_cell(table, when.data);
	table_cell(table, went.data);
	table_cell(table, json_string(record, "id"));
	table_cell(table, line.data);
}

void neighbours_add(struct buf *out, const cJSON *record, const struct style *style)
{
	static const char *const titles[] = {"SESSION", "TIME", "ENDED", "ID", "LINE", NULL};
	const cJSON *both = json_object(record, "neighbours"), *one;
	const cJSON *before = json_array(both, "before"), *after = json_array(both, "after");
	if (!both)
		return;
	buf_addc(out, '\n');
	if (!cJSON_GetArraySize(before) && !cJSON_GetArraySize(after)) {
		fact_add(out, "session", "no other command");
		return;
	}
	struct table *table = table_new(titles);
	cJSON_ArrayForEach(one, before) neighbour_row(table, one, "  ");
	neighbour_row(table, record, "> ");
	cJSON_ArrayForEach(one, after) neighbour_row(table, one, "  ");
	table_add(out, table, style, "");
	table_free(table);
}
