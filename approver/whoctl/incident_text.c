/* incident_text.c: an incident told on a terminal; see incident.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/incident.h"
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/moment.h"
#include "approver/whoctl/record.h"
#include "common/text.h"

enum { LINE_COLUMNS = 400, ODD_COLUMNS = 120 };

static void heading_add(struct buf *out, const struct style *style, const char *text)
{
	buf_addc(out, '\n');
	coloured_add(out, style, COLOUR_BOLD, text);
	buf_addc(out, '\n');
}

static void clock_add(struct buf *out, const cJSON *record)
{
	struct buf local BUF_AUTO = BUF_INIT;
	int64_t ms;
	if (!json_time(record, "ts", &ms))
		return;
	local_add(&local, ms, true);
	buf_adds(out, local.data ? local.data + 11 : "");
}

/* One command that stands out, and why, but for what was said of an earlier one. */
static void odd_command_add(struct buf *out, const cJSON *record, const struct style *style)
{
	const cJSON *finding;
	buf_adds(out, "  ");
	clock_add(out, record);
	buf_adds(out, "  ");
	json_visible_add(out, record, "agent", "?");
	buf_adds(out, ", ");
	verdict_add(out, record, style);
	buf_adds(out, ": ");
	line_add(out, record, ODD_COLUMNS);
	buf_addc(out, '\n');
	cJSON_ArrayForEach(finding, json_array(record, "unusual"))
	{
		struct buf text BUF_AUTO = BUF_INIT;
		if (json_true(finding, "again"))
			continue;
		buf_adds(&text, "! ");
		json_visible_add(&text, finding, "text", "?");
		buf_adds(out, "      ");
		coloured_add(out, style, COLOUR_YELLOW, text.data ? text.data : "");
		buf_addc(out, '\n');
	}
}

static void odd_add(struct buf *out, const cJSON *incident, const struct style *style)
{
	const cJSON *record;
	bool any = false;
	cJSON_ArrayForEach(record, json_array(incident, "commands"))
	{
		if (!has_news(record))
			continue;
		if (!any)
			heading_add(out, style, "What stands out");
		any = true;
		odd_command_add(out, record, style);
	}
	if (!any && cJSON_GetArraySize(json_array(incident, "commands")))
		buf_adds(out, is_comparable(incident)
				  ? "\nNothing stands out against the records before.\n"
				  : "\nThere are too few earlier records to say what is usual.\n");
}

static void command_add(struct buf *out, const cJSON *record, const struct style *style)
{
	const cJSON *finding;
	int64_t ms;
	if (json_time(record, "ts", &ms))
		moment_add(out, ms);
	buf_adds(out, "\n    ");
	sentence_add(out, record, style, LINE_COLUMNS);
	buf_adds(out, "\n    ");
	json_visible_add(out, record, "user", "?");
	buf_addc(out, '@');
	json_visible_add(out, record, "host", "?");
	buf_adds(out, " in ");
	json_claim_add(out, record, "cwd", "?");
	buf_adds(out, "\n    ");
	why_add(out, record);
	buf_adds(out, "; ");
	ended_add(out, record);
	buf_adds(out, "\n    authority: ");
	lineage_add(out, record, style, "               ");
	int64_t index = 0;
	json_integer(record, "log_index", &index);
	buf_adds(out, "    record ");
	json_visible_add(out, record, "id", "?");
	buf_addf(out, ", log index %lld\n", (long long)index);
	cJSON_ArrayForEach(finding, json_array(record, "unusual"))
	{
		struct buf text BUF_AUTO = BUF_INIT;
		buf_adds(&text, "! ");
		json_visible_add(&text, finding, "text", "?");
		buf_adds(out, "    ");
		coloured_add(out, style, json_true(finding, "again") ? COLOUR_DIM : COLOUR_YELLOW,
			     text.data ? text.data : "");
		buf_addc(out, '\n');
	}
}

static void agents_add(struct buf *out, const cJSON *incident, const struct style *style)
{
	const cJSON *agent, *agents = json_array(incident, "agents");
	int64_t least = 0;
	json_integer(incident, "compared_least", &least);
	if (agents && agents->child)
		heading_add(out, style, "What they usually do, by the records before");
	cJSON_ArrayForEach(agent, agents)
	{
		buf_adds(out, "  ");
		json_visible_add(out, agent, "agent", "?");
		buf_adds(out, ": ");
		incident_usual_add(out, agent, least);
		buf_addc(out, '\n');
	}
}

static void events_add(struct buf *out, const cJSON *incident, const struct style *style)
{
	const cJSON *event, *events = json_array(incident, "events");
	if (events && events->child)
		heading_add(out, style, "Also in the log");
	cJSON_ArrayForEach(event, events)
	{
		int64_t index = 0;
		json_integer(event, "log_index", &index);
		buf_adds(out, "  ");
		clock_add(out, event);
		buf_addf(out, "  #%lld  ", (long long)index);
		json_visible_add(out, event, "text", "?");
		buf_addc(out, '\n');
	}
}

void incident_text_add(struct buf *out, const cJSON *incident, const struct style *style)
{
	struct buf title BUF_AUTO = BUF_INIT;
	const cJSON *record, *records = json_array(incident, "commands");
	incident_title_add(&title, incident);
	coloured_add(out, style, COLOUR_BOLD, title.data ? title.data : "");
	buf_addc(out, '\n');
	incident_window_add(out, incident);
	buf_addc(out, '\n');
	incident_summary_add(out, incident);
	buf_addc(out, '\n');
	odd_add(out, incident, style);
	if (records && records->child)
		heading_add(out, style, "Commands");
	cJSON_ArrayForEach(record, records) command_add(out, record, style);
	agents_add(out, incident, style);
	events_add(out, incident, style);
}
