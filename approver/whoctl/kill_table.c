/* kill_table.c: kills told to people: what they are of, what they reached, how that ended.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/kill.h"
#include <string.h>

static void until_add(struct buf *out, const cJSON *kill)
{
	int64_t expires;
	if (!json_time(kill, "expires", &expires))
		return;
	buf_adds(out, " (until ");
	time_add(out, expires);
	buf_addc(out, ')');
}

static void named_add(struct buf *out, const cJSON *kill)
{
	json_visible_add(out, kill, "kind", "?");
	buf_addc(out, ' ');
	json_visible_add(out, kill, "name", "?");
}

void kill_add(struct buf *out, const cJSON *kill)
{
	named_add(out, kill);
	buf_adds(out, ", killed by ");
	json_visible_add(out, kill, "by", "?");
	buf_adds(out, ": ");
	json_visible_add(out, kill, "reason", "");
	until_add(out, kill);
}

void kill_event_add(struct buf *out, const char *event, const cJSON *data)
{
	buf_addf(out, "%s: ", event);
	named_add(out, data);
	buf_adds(out, " by ");
	json_visible_add(out, data, "by", "?");
	if (json_string(data, "reason")) {
		buf_adds(out, ": ");
		json_visible_add(out, data, "reason", "");
	}
	until_add(out, data);
	buf_addc(out, '\n');
}

/* ── what a kill reached ───────────────────────────────────────────────────────────────────────────────── */

static bool is_state(const cJSON *target, const char *state)
{
	const char *is = json_string(target, "state");
	return is && strcmp(is, state) == 0;
}

struct kill_count kill_count(const cJSON *kill)
{
	struct kill_count count = {0};
	const cJSON *target;
	cJSON_ArrayForEach(target, json_array(kill, "targets"))
	{
		count.all++;
		if (is_state(target, "ended"))
			count.ended++;
		else if (is_state(target, "lapsed"))
			count.lapsed++;
		else
			count.running++;
	}
	return count;
}

/* A cell with how long after `from` something was: "+0.012 s". */
static void after_cell(struct table *table, const cJSON *target, const char *name, int64_t from)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t at;
	if (json_time(target, name, &at))
		buf_addf(&text, "%+.3f s", (double)(at - from) / 1000.0);
	table_cell(table, text.data);
}

static void target_row(struct table *table, const cJSON *target)
{
	struct buf reached BUF_AUTO = BUF_INIT;
	int64_t from = 0;
	bool ended = is_state(target, "ended"), running = !ended && !is_state(target, "lapsed");
	if (json_time(target, "reached", &from)) {
		time_add(&reached, from);
		buf_addf(&reached, ".%03d", (int)(from % 1000));
	}
	table_cell(table, json_string(target, "command"));
	table_cell(table, json_string(target, "agent"));
	table_cell(table, json_string(target, "host"));
	table_cell(table, reached.data);
	after_cell(table, target, "told", from);
	after_cell(table, target, "acknowledged", from);
	after_cell(table, target, "ended", from);
	const char *how = json_string(target, "how");
	table_cell_coloured(table,
			    ended     ? COLOUR_GREEN
			    : running ? COLOUR_YELLOW
				      : COLOUR_RED,
			    how       ? how
			    : running ? "still running"
				      : "");
}

/* When the last lease of those that still run lapses. */
static int64_t last_lapse(const cJSON *kill)
{
	int64_t last = 0, at;
	const cJSON *target;
	cJSON_ArrayForEach(target, json_array(kill, "targets"))
	{
		if (is_state(target, "running") && json_time(target, "lapses", &at) && at > last)
			last = at;
	}
	return last;
}

void kill_targets_add(struct buf *out, const cJSON *kill, const struct style *style)
{
	static const char *const titles[] = {"COMMAND",      "AGENT", "HOST", "REACHED", "TOLD",
					     "ACKNOWLEDGED", "ENDED", "HOW",  NULL};
	struct kill_count count = kill_count(kill);
	struct table *table = table_new(titles);
	const cJSON *target;
	cJSON_ArrayForEach(target, json_array(kill, "targets")) target_row(table, target);
	table_add(out, table, style, "nothing of it was running or waiting");
	table_free(table);
	if (json_true(kill, "more"))
		buf_adds(out, "there are more: this is all that one answer holds\n");
	if (count.running) {
		struct buf text BUF_AUTO = BUF_INIT;
		int64_t last = last_lapse(kill);
		buf_addf(&text, "%d of %d still running", count.running, count.all);
		if (last) {
			buf_adds(&text, "; the leases of their hosts lapse by ");
			time_add(&text, last);
		}
		coloured_add(out, style, COLOUR_RED, text.data ? text.data : "");
		buf_addc(out, '\n');
	}
	if (count.lapsed) {
		struct buf text BUF_AUTO = BUF_INIT;
		buf_addf(&text, "%d of %d lapsed: their hosts are silent, and how they ended is not known",
			 count.lapsed, count.all);
		coloured_add(out, style, COLOUR_RED, text.data ? text.data : "");
		buf_addc(out, '\n');
	}
}

/* ── lists ─────────────────────────────────────────────────────────────────────────────────────────────── */

void kills_add_table(struct buf *out, const cJSON *kills, const struct style *style)
{
	static const char *const titles[] = {"KILL",  "KIND",  "NAME",   "BY", "SINCE",
					     "UNTIL", "STATE", "REASON", NULL};
	struct table *table = table_new(titles);
	const cJSON *kill;
	cJSON_ArrayForEach(kill, kills)
	{
		struct buf since BUF_AUTO = BUF_INIT, until BUF_AUTO = BUF_INIT, state BUF_AUTO = BUF_INIT;
		bool active = is_state(kill, "active");
		json_time_add(&since, kill, "ts", "");
		json_time_add(&until, kill, "expires", "lifted");
		json_visible_add(&state, kill, "state", "?");
		if (json_string(kill, "lifted_by")) {
			buf_adds(&state, " by ");
			json_visible_add(&state, kill, "lifted_by", "?");
		}
		table_cell(table, json_string(kill, "id"));
		table_cell(table, json_string(kill, "kind"));
		table_cell(table, json_string(kill, "name"));
		table_cell(table, json_string(kill, "by"));
		table_cell(table, since.data);
		table_cell(table, until.data);
		table_cell_coloured(table, active ? COLOUR_RED : COLOUR_DIM, state.data);
		table_cell(table, json_string(kill, "reason"));
	}
	table_add(out, table, style, "nothing is killed");
	table_free(table);
}
