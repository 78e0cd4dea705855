/* route_audit_show.c: GET /v1/audit/ID: all that is known of one command.
 *
 *     ?evidence=1     the signed messages, for reviewers and admins; an admin is given them unless evidence=0
 *     ?unmask=1       secrets as they are, for reviewers and admins; each use is written down
 *     ?around=N       what the session did just before and after, N commands at most on either side
 *
 * The signed messages are the very bytes that were signed, with whatever secrets the line had: that is why
 * they are given to few, and on request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/metrics.h"
#include "approver/http/record.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "approver/store/neighbours.h"
#include "approver/store/retention.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AROUND = 20 };

struct asked {
	bool evidence;
	const struct secrets *secrets; /* NULL: unmasked */
	int around;
};

/* "0" or "1"; `otherwise` when it is absent.  false after answering what is wrong. */
static bool read_flag(struct request *r, const char *name, bool otherwise, bool *flag)
{
	const char *text = request_query(r, name);
	*flag = text ? !strcmp(text, "1") : otherwise;
	if (!text || *flag || !strcmp(text, "0"))
		return true;
	answer_problemf(r, PROBLEM_MALFORMED, "%s is 0 or 1", name);
	return false;
}

/* That somebody was shown what others are not.  The one place that says so. */
static void note_unmasking(const struct request *r)
{
	struct buf body BUF_AUTO = BUF_INIT;
	metric_add(METRIC_UNMASKED, 1);
	buf_addf(&body, "{\"command\":\"%s\",\"operator\":", r->param);
	json_add_string(&body, r->operator_account->name, strlen(r->operator_account->name));
	buf_addc(&body, '}');
	record_event(r->server, EVENT_UNMASKED, r->param, &body);
	log_line(LOG_LEVEL_WARNING, "secrets shown unmasked", "operator", r->operator_account->name, "id",
		 r->param, NULL);
}

static bool read_asked(struct request *r, struct asked *asked)
{
	enum role role = (enum role)r->operator_account->role;
	const char *around = request_query(r, "around");
	bool unmask, demanded = request_query(r, "evidence") != NULL;
	char *end = NULL;
	long n = around ? strtol(around, &end, 10) : 0;
	if (!read_flag(r, "evidence", role == ROLE_ADMIN, &asked->evidence) ||
	    !read_flag(r, "unmask", false, &unmask))
		return false;
	if (around && (end == around || *end || n < 0 || n > MOST_AROUND)) {
		answer_problemf(r, PROBLEM_MALFORMED, "around is 0 to %d", MOST_AROUND);
		return false;
	}
	if (role < ROLE_REVIEWER && (unmask || (demanded && asked->evidence))) {
		answer_problem(
		    r, PROBLEM_FORBIDDEN,
		    "secrets, and the signed bytes that may hold some, are for reviewers and admins");
		return false;
	}
	asked->around = (int)n;
	asked->secrets = unmask ? NULL : r->server->secrets;
	return true;
}

/* ── events and evidence ───────────────────────────────────────────────────────────────────────────────── */

struct evidence {
	struct buf events;
	const struct secrets *secrets;
	char *jws[3]; /* the command's, the permit's, the outcome's */
};

/* Who said what of it: the body of a review. */
static void add_review(struct evidence *e, const char *body, size_t len)
{
	cJSON *review JSON_AUTO = json_parse(body, len, NULL);
	record_text(&e->events, "operator", json_string(review, "operator"));
	record_text(&e->events, "verdict", json_string(review, "verdict"));
	record_masked_text(&e->events, "reason", json_string(review, "reason"), e->secrets);
}

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
	buf_addf(&e->events, "%s{\"index\":%" PRId64 ",\"kind\":\"%s\",\"ts\":\"%s\"",
		 e->events.len ? "," : "", index, event_kind_name(kind), when);
	if (kind == EVENT_REVIEW)
		add_review(e, body, len);
	buf_addc(&e->events, '}');
	int place = places[kind] - 1;
	if (place < 0)
		return true;
	/* The last one: an outcome told before its time, which counts for nothing, is not the evidence. */
	free(e->jws[place]);
	e->jws[place] = strndup(body, len);
	return true;
}

/* Where its signed messages went, when they are not in the log any more. */
static void add_archived(struct request *r, struct store_reader *reader, int64_t index)
{
	char *archive = NULL;
	int where = store_archived(reader, index, &archive);
	if (where > 0) {
		buf_adds(&r->out, ",\"archived\":{\"archive\":");
		if (archive)
			json_add_string(&r->out, archive, strlen(archive));
		else
			buf_adds(&r->out, "null");
		buf_adds(&r->out, where == ARCHIVED_DELETED ? ",\"deleted\":true}" : ",\"deleted\":false}");
	}
	free(archive);
}

static int add_events(struct request *r, struct store_reader *reader, const struct asked *asked)
{
	static const char *const names[] = {"command_jws", "permit_jws", "outcome_jws"};
	struct evidence e = {.secrets = asked->secrets};
	int failed = store_events_of(reader, r->param, one_event, &e);
	buf_adds(&r->out, ",\"events\":[");
	buf_add(&r->out, e.events.data ? e.events.data : "", e.events.len);
	buf_addc(&r->out, ']');
	r->out.failed |= e.events.failed;
	for (int i = 0; i < 3; i++) {
		record_text(&r->out, names[i], asked->evidence ? e.jws[i] : NULL);
		free(e.jws[i]);
	}
	buf_finish(&e.events);
	return failed;
}

/* ── the session around it ─────────────────────────────────────────────────────────────────────────────── */

struct around {
	struct buf before, after;
	const struct secrets *secrets;
};

static bool add_neighbour(struct buf *out, const struct around *around, const struct command_row *row)
{
	if (out->len)
		buf_addc(out, ',');
	record_open(out, row, around->secrets);
	buf_addc(out, '}');
	return out->len < LISTING_FULL;
}

static bool before(const struct command_row *row, void *arg)
{
	struct around *around = arg;
	return add_neighbour(&around->before, around, row);
}

static bool after(const struct command_row *row, void *arg)
{
	struct around *around = arg;
	return add_neighbour(&around->after, around, row);
}

static int add_neighbours(struct request *r, struct store_reader *reader, const struct command_row *row,
			  const struct asked *asked)
{
	struct around around = {.secrets = asked->secrets};
	int failed = store_neighbours(reader, row, asked->around, before, after, &around);
	buf_adds(&r->out, ",\"neighbours\":{\"before\":[");
	buf_add(&r->out, around.before.data ? around.before.data : "", around.before.len);
	buf_adds(&r->out, "],\"after\":[");
	buf_add(&r->out, around.after.data ? around.after.data : "", around.after.len);
	buf_adds(&r->out, "]}");
	r->out.failed |= around.before.failed || around.after.failed;
	buf_finish(&around.before);
	buf_finish(&around.after);
	return failed;
}

/* ── the page ──────────────────────────────────────────────────────────────────────────────────────────── */

static void add_record(struct request *r, const struct command_row *row, const struct asked *asked)
{
	struct masked_row masked;
	if (!masked_row_init(&masked, row, asked->secrets)) {
		masked_row_finish(&masked);
		r->out.failed = true;
		return;
	}
	record_open_masked(&r->out, &masked, true);
	if (row->state == COMMAND_PENDING)
		record_pending(&r->out, row);
	buf_adds(&r->out, ",\"detail\":");
	buf_adds(&r->out, masked.row.detail && *masked.row.detail ? masked.row.detail : "{}");
	masked_row_finish(&masked);
}

bool route_audit_show(struct request *r)
{
	struct asked asked;
	struct command_row row;
	if (!read_asked(r, &asked))
		return true;
	struct store_reader *reader = server_reader(r->server);
	int found = !uuid_valid(r->param) ? 0 : reader ? store_command(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such command");
	if (!asked.secrets && r->server->unwritable) {
		/* What cannot be recorded is not shown. */
		command_row_finish(&row);
		return answer_unavailable(r);
	}
	if (!asked.secrets)
		note_unmasking(r);
	add_record(r, &row, &asked);
	int failed = add_events(r, reader, &asked);
	add_archived(r, reader, row.log_index);
	if (!failed && asked.around)
		failed = add_neighbours(r, reader, &row, &asked);
	buf_addc(&r->out, '}');
	command_row_finish(&row);
	return failed ? answer_unavailable(r) : answer_json(r, 200);
}
