/* incident_html.c: an incident's page: what stands out, the timeline, the commands; see incident.h.
 *
 * The timeline is laid out with percentages of its width, so that it fits a phone and a sheet of paper.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/html.h"
#include "approver/whoctl/incident.h"
#include "approver/whoctl/moment.h"
#include "approver/whoctl/record.h"
#include <string.h>

enum { LANES = 16, TICKS = 4, ODD_BYTES = 160 };

static const char *verdict_class(const cJSON *record)
{
	const char *verdict = json_string(record, "verdict");
	return !verdict ? "pending" : strcmp(verdict, "approved") ? "denied" : "approved";
}

/* "03:47:12" */
static void clock_add(struct buf *out, int64_t ms, bool seconds)
{
	struct buf local BUF_AUTO = BUF_INIT;
	local_add(&local, ms, false);
	buf_addf(out, "%.*s", seconds ? 8 : 5, local.len > 11 ? local.data + 11 : "");
}

static void plain_html(struct buf *out, void (*add)(struct buf *, const cJSON *), const cJSON *incident)
{
	struct buf text BUF_AUTO = BUF_INIT;
	add(&text, incident);
	html_text(out, text.data ? text.data : "");
}

/* ── the timeline ── */

struct window {
	int64_t since, until, at;
};

static double place(const struct window *w, int64_t ms)
{
	double share = (double)(ms - w->since) / (double)(w->until - w->since);
	return share < 0 ? 0 : share > 1 ? 100 : share * 100;
}

static void dot_add(struct buf *out, const cJSON *record, int n, const struct window *w)
{
	int64_t ms = 0, started, ended;
	struct buf line BUF_AUTO = BUF_INIT;
	json_time(record, "ts", &ms);
	double left = place(w, ms), width = 0;
	if (json_time(record, "started", &started) && json_time(record, "ended", &ended))
		width = place(w, ended) - left;
	buf_addf(out, "<a class=\"dot %s%s\" href=\"#c%d\" style=\"left:%.2f%%;width:%.2f%%\" title=\"",
		 verdict_class(record), is_unusual(record) ? " odd" : "", n, left, width > 0 ? width : 0);
	clock_add(out, ms, true);
	buf_addc(out, ' ');
	line_add(&line, record, 120);
	html_attribute(out, line.data ? line.data : "");
	buf_adds(out, "\"></a>");
}

static void lane_add(struct buf *out, const cJSON *records, const char *agent, const struct window *w)
{
	const cJSON *record;
	int n = 0;
	buf_adds(out, "<div class=\"lane\"><b>");
	html_text(out, agent);
	buf_adds(out, "</b>");
	cJSON_ArrayForEach(record, records)
	{
		const char *whose = json_string(record, "agent");
		n++;
		if (whose && !strcmp(whose, agent))
			dot_add(out, record, n, w);
	}
	buf_adds(out, "</div>\n");
}

static void timeline_add(struct buf *out, const cJSON *incident)
{
	const cJSON *records = json_array(incident, "commands"), *agent;
	struct window w = {0};
	int lanes = 0;
	if (!json_time(incident, "since", &w.since) || !json_time(incident, "until", &w.until) ||
	    !json_time(incident, "at", &w.at) || w.since >= w.until || !records || !records->child)
		return;
	buf_adds(out, "<h2>Timeline</h2>\n<div class=\"tl\">\n");
	cJSON_ArrayForEach(agent, json_array(incident, "agents"))
	{
		const char *id = json_string(agent, "agent");
		if (id && lanes++ < LANES)
			lane_add(out, records, id, &w);
	}
	buf_addf(out, "<span class=\"at\" style=\"--x:%.2f%%\"></span>\n", place(&w, w.at));
	for (int i = 0; i <= TICKS; i++) {
		buf_addf(out, "<span class=\"tick%s\" style=\"left:%d%%\">",
			 i == 0       ? " first"
			 : i == TICKS ? " last"
			 : i == 2     ? ""
				      : " mid",
			 i * 100 / TICKS);
		clock_add(out, w.since + (w.until - w.since) / TICKS * i, false);
		buf_adds(out, "</span>");
	}
	buf_adds(out,
		 "\n</div>\n<p class=\"legend\">Each mark is a command:<i class=\"approved\"></i>approved<i "
		 "class=\"denied\"></i>denied<i class=\"pending\"></i>waiting<i class=\"odd\"></i>something "
		 "unusual. The dashed line is the moment asked about.</p>\n");
	if (lanes > LANES)
		buf_addf(out, "<p class=\"soft\">%d more agents are below only.</p>\n", lanes - LANES);
}

/* ── lists ── */

static void odd_command_add(struct buf *out, const cJSON *record, int n)
{
	static const struct style plain = {0};
	struct buf verdict BUF_AUTO = BUF_INIT;
	const cJSON *finding;
	int64_t ms = 0;
	json_time(record, "ts", &ms);
	verdict_add(&verdict, record, &plain);
	buf_addf(out, "<li><a href=\"#c%d\">", n);
	clock_add(out, ms, true);
	buf_adds(out, "</a> <b>");
	html_member(out, record, "agent", "?");
	buf_addf(out, "</b>, <span class=\"%s\">", verdict_class(record));
	html_text(out, verdict.data ? verdict.data : "");
	buf_adds(out, "</span>: <code>");
	buf_adds(out, html_line(out, record, ODD_BYTES, false) ? "…</code><ul>" : "</code><ul>");
	cJSON_ArrayForEach(finding, json_array(record, "unusual"))
	{
		if (json_true(finding, "again"))
			continue;
		buf_adds(out, "<li>");
		html_member(out, finding, "text", "?");
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul></li>\n");
}

static void odd_add(struct buf *out, const cJSON *incident)
{
	const cJSON *record, *records = json_array(incident, "commands");
	int n = 0;
	bool any = false;
	buf_adds(out, "<h2>What stands out</h2>\n");
	cJSON_ArrayForEach(record, records)
	{
		n++;
		if (!has_news(record))
			continue;
		buf_adds(out, any ? "" : "<ul class=\"odds\">\n");
		any = true;
		odd_command_add(out, record, n);
	}
	buf_adds(out, any ? "</ul>\n"
		      : is_comparable(incident)
			  ? "<p>Nothing, against the records before.</p>\n"
			  : "<p>There are too few earlier records to say what is usual.</p>\n");
	buf_adds(
	    out,
	    "<p class=\"soft\">Each finding is a count: commands of the same agent (or task, or host) from "
	    "before "
	    "the window, and how many of them had it. It says what is unusual, not what is wrong.</p>\n");
}

static void agents_add(struct buf *out, const cJSON *incident)
{
	const cJSON *agent, *agents = json_array(incident, "agents");
	int64_t least = 0;
	json_integer(incident, "compared_least", &least);
	if (!agents || !agents->child)
		return;
	buf_adds(out, "<h2>What they usually do</h2>\n<dl>\n");
	cJSON_ArrayForEach(agent, agents)
	{
		struct buf text BUF_AUTO = BUF_INIT;
		incident_usual_add(&text, agent, least);
		buf_adds(out, "<dt>");
		html_member(out, agent, "agent", "?");
		buf_adds(out, "</dt><dd>");
		html_text(out, text.data ? text.data : "");
		buf_adds(out, "</dd>\n");
	}
	buf_adds(out, "</dl>\n");
}

static void events_add(struct buf *out, const cJSON *incident)
{
	const cJSON *event, *events = json_array(incident, "events");
	int64_t found = 0, shown = cJSON_GetArraySize(events);
	if (!shown)
		return;
	json_integer(incident, "events_found", &found);
	buf_adds(
	    out,
	    "<h2>Also in the log</h2>\n<div class=\"wide\"><table class=\"stack\"><thead><tr><th>Time</th>"
	    "<th class=\"n\">Log index</th><th>Event</th></tr></thead><tbody>\n");
	cJSON_ArrayForEach(event, events)
	{
		int64_t index = 0;
		json_integer(event, "log_index", &index);
		buf_adds(out, "<tr><td class=\"when\">");
		html_member_time(out, event, "ts");
		buf_addf(out, "</td><td class=\"n\" data-t=\"log index\">%lld</td><td>", (long long)index);
		html_member(out, event, "text", "?");
		buf_adds(out, "</td></tr>\n");
	}
	buf_adds(out, "</tbody></table></div>\n");
	if (found > shown)
		buf_addf(out, "<p class=\"soft\">%lld of %lld are shown.</p>\n", (long long)shown,
			 (long long)found);
}

void incident_html_add(struct buf *out, const cJSON *incident)
{
	struct buf title BUF_AUTO = BUF_INIT;
	const cJSON *record, *records = json_array(incident, "commands");
	int n = 0;
	incident_title_add(&title, incident);
	html_begin(out, title.data ? title.data : "Incident");
	buf_adds(out, "<h1>");
	html_text(out, title.data ? title.data : "");
	buf_adds(out, "</h1>\n<p>");
	plain_html(out, incident_window_add, incident);
	buf_adds(out, "</p>\n<p><b>");
	plain_html(out, incident_summary_add, incident);
	buf_adds(out, "</b></p>\n");
	if (records && records->child)
		odd_add(out, incident);
	timeline_add(out, incident);
	if (records && records->child)
		buf_adds(out, "<h2>Commands</h2>\n");
	cJSON_ArrayForEach(record, records) incident_card_add(out, record, ++n);
	agents_add(out, incident);
	events_add(out, incident);
	int64_t size = 0;
	json_integer(incident, "log_size", &size);
	buf_addf(out,
		 "<p class=\"note\">From the approver's records, a log of %lld events. <span "
		 "class=\"grade\">proven</span> is "
		 "what a signature proves, <span class=\"grade\">attested</span> what the approver vouches "
		 "for, <span "
		 "class=\"grade claimed\">claimed</span> what the agent or its host says of itself. "
		 "Characters that could "
		 "act or hide are written out and <span class=\"esc\">marked</span>.</p>\n",
		 (long long)size);
	html_end(out);
}
