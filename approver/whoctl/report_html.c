/* report_html.c: a report as a page to hand to an auditor; see report.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/html.h"
#include "approver/whoctl/moment.h"
#include "approver/whoctl/record.h"
#include "approver/whoctl/report.h"
#include "common/text.h"
#include <string.h>

enum { LINE_BYTES = 300 };

static void utc_cell(struct buf *out, const cJSON *record)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t ms;
	if (json_time(record, "ts", &ms))
		utc_add(&text, ms, NULL);
	buf_adds(out, "<td class=\"when\"><time>");
	html_text(out, text.data ? text.data : "");
	buf_adds(out, "</time></td>");
}

static void index_cell(struct buf *out, const cJSON *record)
{
	int64_t index = 0;
	json_integer(record, "log_index", &index);
	buf_addf(out, "<td class=\"n\" data-t=\"log index\">%lld</td>", (long long)index);
}

static void decision_cell(struct buf *out, const cJSON *record)
{
	struct buf text BUF_AUTO = BUF_INIT;
	static const struct style plain = {0};
	int64_t asked, decided;
	verdict_add(&text, record, &plain);
	if (cJSON_GetArraySize(json_array(record, "reviewers")) && json_time(record, "ts", &asked) &&
	    json_time(record, "decided", &decided)) {
		buf_adds(&text, "; decided after ");
		span_add(&text, (decided - asked) / 1000);
	}
	buf_adds(out, "<td data-t=\"decision\">");
	html_text(out, text.data ? text.data : "");
	buf_adds(out, "</td>");
}

/* The inclusion proof, folded away: a page needs no script for that. */
static void proof_add(struct buf *out, const cJSON *record)
{
	const cJSON *path = json_array(record, "proof"), *hash;
	if (!path)
		return;
	buf_adds(out, "<details><summary>proof</summary><code>");
	cJSON_ArrayForEach(hash, path)
	{
		html_text(out, cJSON_GetStringValue(hash) ? cJSON_GetStringValue(hash) : "?");
		buf_adds(out, "<br>");
	}
	buf_adds(out, "</code></details>");
}

static void command_row(struct buf *out, const cJSON *record)
{
	const char *human = json_string(record, "human");
	buf_adds(out, "<tr>");
	index_cell(out, record);
	utc_cell(out, record);
	buf_adds(out, "<td data-t=\"agent\">");
	html_member(out, record, "agent", "?");
	if (human && *human) {
		buf_adds(out, " for ");
		html_text(out, human);
	}
	buf_adds(out, "</td><td><code>");
	bool cut = html_line(out, record, LINE_BYTES, false) > 0;
	buf_adds(out, cut ? "…</code><br><small>" : "</code><br><small>");
	html_member(out, record, "id", "");
	buf_adds(out, "</small>");
	proof_add(out, record);
	buf_adds(out, "</td>");
	decision_cell(out, record);
	buf_adds(out, "</tr>\n");
}

static void event_row(struct buf *out, const cJSON *record)
{
	buf_adds(out, "<tr>");
	index_cell(out, record);
	utc_cell(out, record);
	buf_adds(out, "<td>");
	html_member(out, record, "text", "?");
	proof_add(out, record);
	buf_adds(out, "</td></tr>\n");
}

static void sample_add(struct buf *out, const cJSON *sample)
{
	const cJSON *commands = json_array(sample, "commands"), *record;
	const cJSON *records = commands ? commands : json_array(sample, "events");
	int64_t of = 0;
	json_integer(sample, "of", &of);
	buf_adds(out, "<h4>Sample: ");
	html_member(out, sample, "class", "?");
	buf_addf(out, ", %d of %lld</h4>\n", cJSON_GetArraySize(records), (long long)of);
	if (!records || !records->child) {
		buf_adds(out, "<p class=\"soft\">There is no such record in the period.</p>\n");
		return;
	}
	buf_adds(out, "<div class=\"wide\"><table class=\"stack\"><thead><tr><th class=\"n\">Log "
		      "index</th><th>Time</th>");
	buf_adds(out, commands
			  ? "<th>Agent</th><th>Command</th><th>Decision and end</th></tr></thead><tbody>\n"
			  : "<th>Event</th></tr></thead><tbody>\n");
	cJSON_ArrayForEach(record, records)
	{
		if (commands)
			command_row(out, record);
		else
			event_row(out, record);
	}
	buf_adds(out, "</tbody></table></div>\n");
}

static void control_add(struct buf *out, const cJSON *control, int n)
{
	const cJSON *item;
	buf_addf(out, "<h2 id=\"k%d\">", n);
	html_member(out, control, "id", "?");
	buf_adds(out, " · ");
	html_member(out, control, "title", "");
	buf_adds(out, "</h2>\n<p><b>");
	html_member(out, control, "question", "");
	buf_adds(out, "</b></p>\n<ul>\n");
	cJSON_ArrayForEach(item, json_array(control, "answer"))
	{
		buf_adds(out, "<li>");
		html_text(out, cJSON_GetStringValue(item) ? cJSON_GetStringValue(item) : "");
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ul>\n");
	cJSON_ArrayForEach(item, json_array(control, "samples")) sample_add(out, item);
	buf_adds(out, "<p class=\"note\"><b>What the log cannot say.</b> ");
	html_member(out, control, "cannot", "");
	buf_adds(out, "</p>\n");
}

/* The numbers one sees first. */
static void numbers_add(struct buf *out, const cJSON *report)
{
	static const struct {
		const char *fact, *label;
	} first[] = {{"commands", "commands"},
		     {"denied", "denied"},
		     {"approved_by_review", "approved by a person"},
		     {"unreviewed", "nobody reviewed in time"},
		     {"agents", "agents at work"},
		     {"credentials_valid", "credentials good at the end"},
		     {"kills", "kills"},
		     {"outcome_unknown", "outcome not known"}};
	const char *what;
	buf_adds(out, "<div class=\"cards\">\n");
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		buf_addf(out, "<div><b>%lld</b><span>%s</span></div>\n",
			 (long long)report_fact(report, first[i].fact, &what), first[i].label);
	buf_adds(out, "</div>\n");
}

static void contents_add(struct buf *out, const cJSON *report)
{
	const cJSON *control;
	int n = 0;
	buf_adds(out, "<nav><ul>\n");
	cJSON_ArrayForEach(control, json_array(report, "controls"))
	{
		buf_addf(out, "<li><a href=\"#k%d\">", ++n);
		html_member(out, control, "id", "?");
		buf_adds(out, " · ");
		html_member(out, control, "title", "");
		buf_adds(out, "</a></li>\n");
	}
	buf_adds(out, "</ul></nav>\n");
}

static void count_cell(struct buf *out, const cJSON *agent, const char *name, const char *label)
{
	int64_t value = 0;
	json_integer(agent, name, &value);
	buf_addf(out, "<td class=\"n\" data-t=\"%s\">%lld</td>", label, (long long)value);
}

static void agents_add(struct buf *out, const cJSON *report)
{
	const cJSON *agents = json_array(report, "agents"), *agent;
	if (!agents || !agents->child)
		return;
	buf_adds(out, "<h2>Agents</h2>\n<div class=\"wide\"><table "
		      "class=\"stack\"><thead><tr><th>Agent</th><th class=\"n\">"
		      "Commands</th><th class=\"n\">Denied</th><th class=\"n\">Decided by a person</th><th "
		      "class=\"n\">Outcome "
		      "not known</th></tr></thead><tbody>\n");
	cJSON_ArrayForEach(agent, agents)
	{
		buf_adds(out, "<tr><td>");
		html_member(out, agent, "agent", "?");
		buf_adds(out, "</td>");
		count_cell(out, agent, "commands", "commands");
		count_cell(out, agent, "denied", "denied");
		count_cell(out, agent, "reviewed", "decided by a person");
		count_cell(out, agent, "outcome_unknown", "outcome not known");
		buf_adds(out, "</tr>\n");
	}
	buf_adds(out, "</tbody></table></div>\n");
}

static void all_numbers_add(struct buf *out, const cJSON *report)
{
	const cJSON *fact;
	buf_adds(out, "<h2>All numbers</h2>\n<div class=\"wide\"><table><tbody>\n");
	cJSON_ArrayForEach(fact, json_array(report, "facts"))
	{
		int64_t value = 0;
		json_integer(fact, "value", &value);
		buf_adds(out, "<tr><td>");
		html_member(out, fact, "what", "?");
		buf_addf(out, "</td><td class=\"n\">%lld</td></tr>\n", (long long)value);
	}
	buf_adds(out, "</tbody></table></div>\n");
}

void report_html_add(struct buf *out, const cJSON *report)
{
	struct buf period BUF_AUTO = BUF_INIT, drawing BUF_AUTO = BUF_INIT, title BUF_AUTO = BUF_INIT;
	const cJSON *control;
	int n = 0;
	json_visible_add(&title, report, "title", "?");
	buf_adds(&title, ": commands of agents");
	html_begin(out, title.data ? title.data : "");
	buf_adds(out, "<h1>");
	html_member(out, report, "title", "?");
	buf_adds(out, "</h1>\n<p>What the records of agents' commands and identities say: ");
	report_period_add(&period, report);
	html_text(out, period.data ? period.data : "");
	buf_adds(out, ".</p>\n<p class=\"soft\">Made ");
	html_member_time(out, report, "made");
	buf_adds(out, " by whoctl " WHOSH_VERSION ".</p>\n<p class=\"note\">");
	html_text(out, report_caution);
	buf_adds(out, "</p>\n");
	numbers_add(out, report);
	contents_add(out, report);
	cJSON_ArrayForEach(control, json_array(report, "controls")) control_add(out, control, ++n);
	agents_add(out, report);
	all_numbers_add(out, report);
	buf_adds(out, "<h2>How the samples were drawn</h2>\n<p>");
	report_drawing_add(&drawing, report);
	html_text(out, drawing.data ? drawing.data : "");
	buf_adds(out, "</p>\n<p>The checkpoint, a signed note:</p>\n<pre>");
	const char *note = json_string(report, "checkpoint");
	html_bytes(out, note ? note : "", note ? strlen(note) : 0, true);
	buf_adds(out, "</pre>\n");
	html_end(out);
}
