/* incident_card.c: one command of an incident's page: who, on whose authority, why it was approved, how it
 * ended; see incident.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/html.h"
#include "approver/whoctl/incident.h"
#include "approver/whoctl/record.h"
#include <string.h>

enum { LINE_MAX = 8000 };

static const char *filled(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	return text && *text ? text : NULL;
}

static void grade_add(struct buf *out, const char *grade)
{
	buf_addf(out, " <span class=\"grade%s\">", !strcmp(grade, "claimed") ? " claimed" : "");
	html_text(out, grade);
	buf_adds(out, "</span>");
}

static void fact_add(struct buf *out, const cJSON *record, const char *label, const char *member)
{
	if (!filled(record, member))
		return;
	buf_addf(out, "<dt>%s</dt><dd>", label);
	html_member(out, record, member, "");
	grade_add(out, grade_of(record, member));
	buf_adds(out, "</dd>\n");
}

/* Text that is visible already: only what means something to HTML is left to do. */
static void sentence_row(struct buf *out, const char *label, const struct buf *text)
{
	buf_addf(out, "<dt>%s</dt><dd>", label);
	html_bytes(out, text->data ? text->data : "", text->len, false);
	buf_adds(out, "</dd>\n");
}

static void principal_add(struct buf *out, const cJSON *principal)
{
	buf_adds(out, "<li><b>");
	html_member(out, principal, "id", "?");
	buf_adds(out, "</b> (");
	html_member(out, principal, "type", "?");
	buf_adds(out, ")");
	grade_add(out, filled(principal, "proof") ? json_string(principal, "proof") : "claimed");
	if (filled(principal, "authorized_at")) {
		buf_adds(out, " ");
		html_member_time(out, principal, "authorized_at");
	}
	if (filled(principal, "task")) {
		buf_adds(out, filled(principal, "hop") ? "<br>task: “" : "<br>claims the task: “");
		html_member(out, principal, "task", "");
		buf_adds(out, "”");
	}
	buf_adds(out, "</li>");
}

static void authority_add(struct buf *out, const cJSON *record)
{
	const cJSON *chain = json_array(record, "chain"), *principal;
	buf_adds(out, "<dt>On whose authority</dt><dd>");
	if (!chain || !chain->child)
		buf_adds(out, "nobody named");
	else
		buf_adds(out, "<ol>");
	cJSON_ArrayForEach(principal, chain) principal_add(out, principal);
	buf_adds(out, chain && chain->child ? "</ol></dd>\n" : "</dd>\n");
}

static void line_pre_add(struct buf *out, const cJSON *record)
{
	buf_adds(out, "<pre>");
	size_t rest = html_line(out, record, LINE_MAX, true);
	buf_adds(out, "</pre>\n");
	if (rest)
		buf_addf(out, "<p class=\"soft\">… and %zu bytes more: whoctl show has it whole.</p>\n",
			 rest);
}

static void findings_add(struct buf *out, const cJSON *record)
{
	const cJSON *finding;
	if (!is_unusual(record))
		return;
	buf_adds(out, "<ul class=\"odds\">");
	cJSON_ArrayForEach(finding, json_array(record, "unusual"))
	{
		buf_addf(out, "<li%s>", json_true(finding, "again") ? " class=\"again\"" : "");
		html_member(out, finding, "text", "?");
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul>\n");
}

void incident_card_add(struct buf *out, const cJSON *record, int n)
{
	const char *verdict = filled(record, "verdict");
	bool approved = verdict && !strcmp(verdict, "approved"), denied = verdict && !approved;
	struct buf why BUF_AUTO = BUF_INIT, ended BUF_AUTO = BUF_INIT, where BUF_AUTO = BUF_INIT;
	buf_addf(out, "<article id=\"c%d\"%s>\n<h3>", n, is_unusual(record) ? " class=\"odd\"" : "");
	html_member_time(out, record, "ts");
	buf_adds(out, " · ");
	html_member(out, record, "agent", "an unknown agent");
	buf_addf(out, " <span class=\"badge %s\">%s</span></h3>\n",
		 approved ? "approved"
		 : denied ? "denied"
			  : "pending",
		 approved ? "approved"
		 : denied ? "denied"
			  : "waiting");
	line_pre_add(out, record);
	findings_add(out, record);
	buf_adds(out, "<dl>\n");
	why_add(&why, record);
	ended_add(&ended, record);
	sentence_row(out, approved ? "Why it was approved" : denied ? "Why it was denied" : "State", &why);
	sentence_row(out, "How it ended", &ended);
	authority_add(out, record);
	fact_add(out, record, "Task", "task");
	fact_add(out, record, "Model", "model");
	fact_add(out, record, "Agent's version", "agent_version");
	json_visible_add(&where, record, "user", "?");
	buf_addc(&where, '@');
	json_visible_add(&where, record, "host", "?");
	buf_adds(&where, " in ");
	json_visible_add(&where, record, "cwd", "?");
	sentence_row(out, "Where", &where);
	fact_add(out, record, "Credential", "credential");
	fact_add(out, record, "Session", "session");
	int64_t index = 0;
	json_integer(record, "log_index", &index);
	buf_adds(out, "<dt>Record</dt><dd><code>");
	html_member(out, record, "id", "?");
	buf_addf(out, "</code>, log index %lld</dd>\n</dl>\n</article>\n", (long long)index);
}
