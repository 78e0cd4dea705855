/* report.c: `whoctl report STANDARD`: what the records say to a standard's controls.
 *
 * Days are days in UTC, so that a report says the same whoever makes it and wherever; --to names the last day
 * that belongs to it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/report.h"
#include "approver/whoctl/fetch.h"
#include "common/clock.h"
#include <stdlib.h>
#include <string.h>

#define DAY_MS ((int64_t)86400 * 1000)
static const char known[] = "soc2, iso27001, hipaa, pci-dss, nist-800-53, eu-ai-act";

static bool is_known(const char *name)
{
	size_t len = strlen(name);
	for (const char *at = known; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
		if (!strncmp(at, name, len) && len && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

/* A day's beginning, or with `end` its end; or a time in RFC 3339. */
static int day_query(struct ctl *ctl, struct buf *path, enum option option, const char *name, bool end)
{
	const char *typed = ctl->option[option];
	int64_t ms;
	char text[RFC3339_LEN + 1];
	if (!typed)
		return complain_usage(ctl, "--%s says which days: 2026-11-01", name);
	if (!rfc3339_parse(typed, &ms))
		return complain_usage(ctl, "--%s: \"%s\" is no day; write 2026-11-01, or RFC 3339", name,
				      typed);
	if (end && strlen(typed) == 10)
		ms += DAY_MS;
	rfc3339_format(ms, text);
	query_add(path, name, text);
	return 0;
}

static int report_path(struct ctl *ctl, struct buf *path)
{
	const char *sample = ctl->option[OPT_SAMPLE], *seed = ctl->option[OPT_SEED];
	char *end = NULL;
	long n = sample ? strtol(sample, &end, 10) : 1;
	if (!is_known(ctl->operand[0]))
		return complain(EXIT_USAGE_ERROR, "no such standard: \"%s\"; there are: %s", ctl->operand[0],
				known);
	if (sample && (end == sample || *end || n < 1 || n > 60))
		return complain_usage(ctl, "--sample is a number from 1 to 60, not \"%s\"", sample);
	if (seed && (strlen(seed) != 64 || strspn(seed, "0123456789abcdef") != 64))
		return complain_usage(ctl, "--seed is 64 hexadecimal digits, as a report names them");
	buf_adds(path, "/v1/reports");
	path_add(path, ctl->operand[0]);
	int status = day_query(ctl, path, OPT_FROM, "from", false);
	if (status == 0)
		status = day_query(ctl, path, OPT_TO, "to", true);
	query_add(path, "sample", sample);
	query_add(path, "seed", seed);
	return status ? status : path->failed ? complain(EXIT_FAILED, "out of memory") : 0;
}

static int report(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	cJSON *answer JSON_AUTO = NULL;
	enum report_format format;
	int status = report_format(ctl, (1u << FORMATS) - 1, &format);
	if (status == 0)
		status = report_path(ctl, &path);
	if (status == 0)
		status = report_fetch(ctl, path.data, "report", &answer);
	if (status != 0)
		return status;
	if (format == FORMAT_JSON)
		json_print(&text, answer);
	else if (format == FORMAT_HTML)
		report_html_add(&text, answer);
	else if (format == FORMAT_CSV)
		report_csv_add(&text, answer);
	else
		report_text_add(&text, answer, ctl->option[OPT_OUT] ? &(struct style){0} : &ctl->style);
	return report_output(ctl, &text);
}

const struct verb verb_report = {
    .name = "report",
    .operands = "STANDARD",
    .help = "what the records say to soc2, iso27001, hipaa, pci-dss, nist-800-53, eu-ai-act",
    .least = 1,
    .most = 1,
    .options = OPTION(FROM) | OPTION(TO) | OPTION(FORMAT) | OPTION(OUT) | OPTION(FORCE) | OPTION(SAMPLE) |
	       OPTION(SEED) | OPTION(JSON),
    .run = report,
};
