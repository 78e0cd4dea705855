/* route_audit.c: which agent ran what: GET /v1/audit finds commands; route_audit_show.c shows one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIMIT = 10000, MAX_MATCH = 256 };

struct listing {
	struct buf *out;
	const struct secrets *secrets;
	int n;
};

static bool list_command(const struct command_row *row, void *arg)
{
	struct listing *listing = arg;
	if (listing->n++)
		buf_addc(listing->out, ',');
	record_open(listing->out, row, listing->secrets);
	buf_addc(listing->out, '}');
	return listing->out->len < LISTING_FULL;
}

/* A time as RFC 3339 or as whole milliseconds or seconds since 1970; false after answering what is wrong. */
static bool read_time(struct request *r, const char *name, int64_t *ms)
{
	const char *text = request_query(r, name);
	if (!text || rfc3339_parse(text, ms))
		return true;
	char *end;
	long long number = strtoll(text, &end, 10);
	if (*end || number < 0 || end == text) {
		answer_problemf(r, PROBLEM_MALFORMED, "%s is not a time (RFC 3339)", name);
		return false;
	}
	*ms = number < 100000000000 ? number * 1000 : number;
	return true;
}

bool route_audit_list(struct request *r)
{
	struct who_filter filter = {.match = request_query(r, "match"),
				    .agent = request_query(r, "agent"),
				    .human = request_query(r, "human"),
				    .model = request_query(r, "model"),
				    .session = request_query(r, "session"),
				    .verdict = request_query(r, "verdict"),
				    .host = request_query(r, "host"),
				    .user = request_query(r, "user"),
				    .credential = request_query(r, "credential"),
				    .before = request_query(r, "before"),
				    .limit = 100};
	const char *limit = request_query(r, "limit");
	struct store_reader *reader = server_reader(r->server);
	if (!reader)
		return answer_unavailable(r);
	if (!read_time(r, "since", &filter.since) || !read_time(r, "until", &filter.until))
		return true;
	if (filter.before && !uuid_valid(filter.before))
		return answer_problem(r, PROBLEM_MALFORMED, "before is the ID of a command");
	if (filter.match && strlen(filter.match) > MAX_MATCH)
		return answer_problemf(r, PROBLEM_MALFORMED, "match is %d bytes at most", MAX_MATCH);
	if (filter.model && strlen(filter.model) > MAX_MATCH)
		return answer_problemf(r, PROBLEM_MALFORMED, "model is %d bytes at most", MAX_MATCH);
	if (limit) {
		char *end;
		long n = strtol(limit, &end, 10);
		if (*end || n < 1 || n > MAX_LIMIT)
			return answer_problemf(r, PROBLEM_MALFORMED, "limit is 1 to %d", MAX_LIMIT);
		filter.limit = (int)n;
	}
	struct listing listing = {&r->out, r->server->secrets, 0};
	buf_adds(&r->out, "{\"commands\":[");
	if (store_who(reader, &filter, list_command, &listing))
		return errno == ETIME
			   ? answer_problem(r, PROBLEM_TOO_LARGE,
					    "this search takes too long: name an agent, a session or a time")
			   : answer_unavailable(r);
	if (r->out.len >= LISTING_FULL) /* cut short it would look like all there is */
		return answer_problem(r, PROBLEM_TOO_LARGE,
				      "these commands are more than 32 MiB: ask with a smaller limit");
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}
