/* incident.c: `whoctl incident`: what ran at 03:47, on whose authority, and was it usual?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/incident.h"
#include "approver/whoctl/fetch.h"
#include "approver/whoctl/html.h"
#include "approver/whoctl/moment.h"
#include "common/clock.h"

enum { AROUND_S = 1800, AROUND_MOST_S = 3 * 86400 };

static void time_query(struct buf *path, const char *name, int64_t ms)
{
	char text[RFC3339_LEN + 1];
	rfc3339_format(ms, text);
	query_add(path, name, text);
}

static int incident_path(struct ctl *ctl, struct buf *path)
{
	const char *at = ctl->option[OPT_AT], *date = ctl->option[OPT_DATE],
		   *around = ctl->option[OPT_AROUND];
	int64_t ms, seconds = AROUND_S;
	char offset[16];
	if (!at)
		return complain_usage(ctl, "--at says when: 03:47, or RFC 3339");
	if (!moment_parse(at, date, clock_wall_ms(), &ms))
		return date ? complain_usage(
				  ctl, "--at \"%s\" --date \"%s\" is no time; write 03:47 and 2026-11-24", at,
				  date)
			    : complain_usage(
				  ctl, "--at: \"%s\" is no time; write 03:47, 03:47:12 or RFC 3339", at);
	if (around && (!duration_parse(around, &seconds) || seconds < 1 || seconds > AROUND_MOST_S))
		return complain_usage(ctl, "--around is a time from 1s to 3d, not \"%s\"", around);
	buf_adds(path, "/v1/reports/incident");
	time_query(path, "at", ms);
	time_query(path, "since", ms - seconds * 1000);
	time_query(path, "until", ms + seconds * 1000);
	snprintf(offset, sizeof offset, "%d", local_offset(ms));
	query_add(path, "offset", offset);
	query_add(path, "match", ctl->option[OPT_MATCH]);
	query_add(path, "agent", ctl->option[OPT_AGENT]);
	return path->failed ? complain(EXIT_FAILED, "out of memory") : 0;
}

static int incident(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	cJSON *answer JSON_AUTO = NULL;
	enum report_format format;
	int status = report_format(ctl, 1u << FORMAT_TEXT | 1u << FORMAT_JSON | 1u << FORMAT_HTML, &format);
	if (status == 0)
		status = incident_path(ctl, &path);
	if (status == 0)
		status = report_fetch(ctl, path.data, "incident", &answer);
	if (status != 0)
		return status;
	if (format == FORMAT_JSON)
		json_print(&text, answer);
	else if (format == FORMAT_HTML)
		incident_html_add(&text, answer);
	else
		incident_text_add(&text, answer, ctl->option[OPT_OUT] ? &(struct style){0} : &ctl->style);
	return report_output(ctl, &text);
}

const struct verb verb_incident = {
    .name = "incident",
    .operands = "",
    .help = "what ran around a moment, and what of it was unusual",
    .most = 0,
    .options = OPTION(AT) | OPTION(DATE) | OPTION(AROUND) | OPTION(MATCH) | OPTION(AGENT) | OPTION(FORMAT) |
	       OPTION(OUT) | OPTION(FORCE) | OPTION(JSON),
    .run = incident,
};
