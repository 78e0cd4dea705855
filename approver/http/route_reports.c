/* route_reports.c: GET /v1/reports/incident and GET /v1/reports/STANDARD: answers for the one on call and for
 * the auditor, computed from the records.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/report_stream.h"
#include "approver/http/routes.h"
#include "approver/report/incident.h"
#include "approver/report/standard.h"
#include "common/clock.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_MATCH = 256, MAX_OFFSET = 14 * 60, MAX_WINDOW_MS = 7 * 86400 * 1000 };

/* A time in RFC 3339; false after answering what is wrong. */
static bool read_time(struct request *r, const char *name, int64_t *ms)
{
	const char *text = request_query(r, name);
	if (text && rfc3339_parse(text, ms))
		return true;
	answer_problemf(r, PROBLEM_MALFORMED, "%s is a time (RFC 3339) and must be given", name);
	return false;
}

/* A whole number from `least` to `most`, `*value` when it is not given; false after answering what is wrong.
 */
static bool read_number(struct request *r, const char *name, int least, int most, int *value)
{
	const char *text = request_query(r, name);
	char *end;
	if (!text)
		return true;
	long n = strtol(text, &end, 10);
	if (end == text || *end || n < least || n > most) {
		answer_problemf(r, PROBLEM_MALFORMED, "%s is %d to %d", name, least, most);
		return false;
	}
	*value = (int)n;
	return true;
}

bool route_report_incident(struct request *r)
{
	struct incident_ask ask = {.match = request_query(r, "match"),
				   .agent = request_query(r, "agent"),
				   .log_size = r->server->log_size,
				   .secrets = r->server->secrets};
	if (!read_time(r, "at", &ask.at) || !read_time(r, "since", &ask.since) ||
	    !read_time(r, "until", &ask.until) ||
	    !read_number(r, "offset", -MAX_OFFSET, MAX_OFFSET, &ask.offset))
		return true;
	if (ask.since > ask.at || ask.at > ask.until || ask.until - ask.since > MAX_WINDOW_MS)
		return answer_problem(r, PROBLEM_MALFORMED,
				      "since, at and until follow each other, within seven days");
	if (ask.match && strlen(ask.match) > MAX_MATCH)
		return answer_problemf(r, PROBLEM_MALFORMED, "match is %d bytes at most", MAX_MATCH);
	if (ask.agent && !name_valid(ask.agent))
		return answer_problem(r, PROBLEM_MALFORMED, "agent is the ID of an agent");
	return report_stream(r, incident_new(&ask));
}

bool route_report_standard(struct request *r)
{
	struct standard_ask ask = {.standard = standard_named(r->param),
				   .log = r->server->log,
				   .secrets = r->server->secrets,
				   .sample = SAMPLE_DEFAULT,
				   .now = clock_wall_ms()};
	if (!ask.standard) {
		struct buf names BUF_AUTO = BUF_INIT;
		standard_names(&names);
		return answer_problemf(r, PROBLEM_NOT_FOUND, "no such standard; there are: %s",
				       names.data ? names.data : "");
	}
	if (!read_time(r, "from", &ask.from) || !read_time(r, "to", &ask.to) ||
	    !read_number(r, "sample", 1, SAMPLE_MAX, &ask.sample))
		return true;
	if (ask.from >= ask.to)
		return answer_problem(r, PROBLEM_MALFORMED, "from is before to");
	ask.seed = request_query(r, "seed");
	if (ask.seed && (strlen(ask.seed) != 64 || strspn(ask.seed, "0123456789abcdef") != 64))
		return answer_problem(r, PROBLEM_MALFORMED, "seed is 64 hexadecimal digits");
	return report_stream(r, standard_new(&ask));
}
