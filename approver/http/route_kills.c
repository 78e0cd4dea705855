/* route_kills.c: the kill switch: POST /v1/kills ends what runs and refuses what comes, DELETE lifts it.
 *
 * Agents, credentials and commands must be known here: a kill with a slip of the pen would reach nothing, and
 * nobody would notice.  Sessions, people and models need not have been seen yet.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kill_view.h"
#include "approver/kill/kill_work.h"
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include <string.h>

enum { MAX_FOR_S = 3660 * 86400, MAX_LISTED = MAX_KILLS };

/* May it be killed?  false after answering why not. */
static bool name_good(struct request *r, enum kill_kind kind, const char *name)
{
	struct command_row row;
	struct store_reader *reader;
	int found;
	switch (kind) {
	case KILL_AGENT:
		if (registry_agent(r->server->registry, name))
			return true;
		return !answer_problemf(r, PROBLEM_NOT_FOUND, "no agent is called \"%.64s\"", name);
	case KILL_CREDENTIAL:
		if (registry_credential(r->server->registry, name))
			return true;
		return !answer_problemf(r, PROBLEM_NOT_FOUND, "no credential has the ID \"%.64s\"", name);
	case KILL_SESSION:
		return uuid_valid(name) ||
		       !answer_problem(r, PROBLEM_MALFORMED, "a session is named by its UUID");
	case KILL_HUMAN:
		return name_valid(name) || !answer_problem(r, PROBLEM_MALFORMED,
							   "a person's name is 1 to 64 of A-Z a-z 0-9 . _ - "
							   "@, beginning with a letter or digit");
	case KILL_MODEL:
		return (*name && strlen(name) <= MAX_KILL_NAME) ||
		       !answer_problemf(r, PROBLEM_MALFORMED, "a model is named by 1 to %d bytes",
					MAX_KILL_NAME);
	case KILL_COMMAND:
		reader = server_reader(r->server);
		found = !uuid_valid(name) ? 0 : reader ? store_command(reader, name, &row) : -1;
		if (found < 0)
			return !answer_unavailable(r);
		if (!found)
			return !answer_problemf(r, PROBLEM_NOT_FOUND, "no command has the ID \"%.64s\"",
						name);
		command_row_finish(&row);
		return true;
	case KILL_KINDS:
		break;
	}
	return !answer_problem(r, PROBLEM_MALFORMED,
			       "kind is agent, credential, session, human, model or command");
}

bool route_kills_add(struct request *r)
{
	static const char *const names[] = {"kind", "name", "reason", "for_s", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *name = json_string(json, "name"), *reason = json_string(json, "reason");
	enum kill_kind kind = kill_kind_parse(json_string(json, "kind"));
	int64_t for_s = 0;
	if (!name)
		return answer_problem(r, PROBLEM_MALFORMED, "name says who or what is killed");
	if (!reason || !*reason || strlen(reason) > MAX_KILL_REASON)
		return answer_problemf(
		    r, PROBLEM_MALFORMED,
		    "a kill needs a reason of at most %d bytes: the agent and its owner will "
		    "ask",
		    MAX_KILL_REASON);
	if (cJSON_GetObjectItemCaseSensitive(json, "for_s") &&
	    (!json_integer(json, "for_s", &for_s) || for_s < 1 || for_s > MAX_FOR_S))
		return answer_problem(r, PROBLEM_MALFORMED, "for_s is 1 to ten years of seconds");
	if (!name_good(r, kind, name))
		return true;
	kill_push(r, kind, name, reason, for_s);
	return false;
}

struct listing {
	struct buf *out;
	int64_t now;
	int n;
};

static bool list_one(const struct kill_row *row, void *arg)
{
	struct listing *listing = arg;
	if (listing->n++)
		buf_addc(listing->out, ',');
	kill_open(listing->out, row, listing->now);
	buf_addc(listing->out, '}');
	return listing->out->len < LISTING_FULL;
}

bool route_kills_list(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct listing listing = {.out = &r->out, .now = clock_wall_ms()};
	const char *all = request_query(r, "all");
	if (!reader)
		return answer_unavailable(r);
	buf_adds(&r->out, "{\"kills\":[");
	if (store_kills(reader, listing.now, all && !strcmp(all, "1"), MAX_LISTED, list_one, &listing))
		return answer_unavailable(r);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

bool route_kills_show(struct request *r)
{
	return uuid_valid(r->param) ? answer_kill(r)
				    : answer_problem(r, PROBLEM_NOT_FOUND, "not the ID of a kill");
}

bool route_kills_lift(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct kill_row row;
	int found = !uuid_valid(r->param) ? 0 : reader ? store_kill(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such kill");
	bool may = r->operator_account->role == ROLE_ADMIN || !strcmp(row.by, r->operator_account->name);
	if (!may)
		answer_problemf(r, PROBLEM_FORBIDDEN, "%s killed it: only %s or an admin may lift that",
				row.by, row.by);
	kill_row_finish(&row);
	if (!may)
		return true;
	struct kill *kill = kills_by_id(r->server->kills, r->param);
	if (!kill)
		return answer_empty(r); /* lifted already, or its time is over */
	unkill_push(r, kill);
	kill_release(kill);
	return false;
}
