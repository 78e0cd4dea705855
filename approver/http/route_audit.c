/* route_audit.c: which agent ran what: GET /v1/audit finds commands, GET /v1/audit/ID shows one with its
 * evidence.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/store/retention.h"
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
	int n;
};

static bool list_command(const struct command_row *row, void *arg)
{
	struct listing *listing = arg;
	if (listing->n++)
		buf_addc(listing->out, ',');
	record_open(listing->out, row);
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
	struct listing listing = {&r->out, 0};
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

/* ── one command ───────────────────────────────────────────────────────────────────────────────────────── */

struct evidence {
	struct buf events;
	char *jws[3]; /* the command's, the permit's, the outcome's */
};

static bool one_event(int64_t index, enum event_kind kind, int64_t ms, const char *body, size_t len,
		      void *arg)
{
	static const signed char places[EVENT_KINDS] = {
	    [EVENT_COMMAND_REQUESTED] = 1, [EVENT_COMMAND_DECIDED] = 2, [EVENT_COMMAND_OUTCOME] = 3};
	struct evidence *e = arg;
	char when[RFC3339_LEN + 1];
	/* A delegation's ID is its signer's to choose: with a command's it must not enter that one's story.
	 */
	if (kind == EVENT_DELEGATION || kind == EVENT_DELEGATION_REVOKED)
		return true;
	rfc3339_format(ms, when);
	buf_addf(&e->events, "%s{\"index\":%" PRId64 ",\"kind\":\"%s\",\"ts\":\"%s\"}",
		 e->events.len ? "," : "", index, event_kind_name(kind), when);
	int place = places[kind] - 1;
	if (place < 0)
		return true;
	/* The last one: an outcome told before its time, which counts for nothing, is not the evidence. */
	free(e->jws[place]);
	e->jws[place] = strndup(body, len);
	return true;
}

bool route_audit_show(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = !uuid_valid(r->param) ? 0 : reader ? store_command(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such command");
	struct evidence e = {0};
	int failed = store_events_of(reader, r->param, one_event, &e);
	record_open_whole(&r->out, &row);
	if (row.state == COMMAND_PENDING)
		record_pending(&r->out, &row);
	buf_addf(&r->out, ",\"detail\":");
	buf_adds(&r->out, row.detail && *row.detail ? row.detail : "{}");
	buf_adds(&r->out, ",\"events\":[");
	buf_add(&r->out, e.events.data ? e.events.data : "", e.events.len);
	buf_addc(&r->out, ']');
	/* While it waits, the end of the JWS is what withdraws it. */
	bool withheld = row.state == COMMAND_PENDING && r->operator_account->role < ROLE_REVIEWER;
	record_text(&r->out, "command_jws", withheld ? NULL : e.jws[0]);
	record_text(&r->out, "permit_jws", e.jws[1]);
	record_text(&r->out, "outcome_jws", e.jws[2]);
	char *archive = NULL;
	int where = store_archived(reader, row.log_index, &archive);
	if (where > 0) {
		buf_adds(&r->out, ",\"archived\":{\"archive\":");
		if (archive)
			json_add_string(&r->out, archive, strlen(archive));
		else
			buf_adds(&r->out, "null");
		buf_adds(&r->out, where == ARCHIVED_DELETED ? ",\"deleted\":true}" : ",\"deleted\":false}");
	}
	free(archive);
	buf_addc(&r->out, '}');
	for (int i = 0; i < 3; i++)
		free(e.jws[i]);
	buf_finish(&e.events);
	command_row_finish(&row);
	return failed ? answer_unavailable(r) : answer_json(r, 200);
}
