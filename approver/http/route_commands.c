/* route_commands.c: POST /v1/commands asks; DELETE /v1/commands/ID takes the question back.
 *
 * A reviewer's list and an agent's environment show IDs, so an ID alone withdraws nothing from elsewhere: the
 * tail of the command JWS goes with it, as in /v1/live, or it comes from the address that posted the command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/decide.h"
#include "approver/command/live.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "approver/command/settle.h"
#include "common/secure.h"
#include "common/text.h"
#include <string.h>

bool route_command_post(struct request *r)
{
	if (!r->body.len)
		return answer_problem(r, PROBLEM_MALFORMED, "there is no body");
	return decide_command(r);
}

enum asker { ASKER, STRANGER, ENDED, ERROR };

/* By the tail: also of a command that only the store still knows, so that the answer says how it ended. */
static enum asker asker_by_tail(struct request *r, const char *tail)
{
	struct live_ref ref = {.id = r->param, .tail = tail};
	if (strlen(tail) != TAIL_LEN)
		return STRANGER;
	live_look(r->server->live, &ref, 1, 0);
	if (ref.state != LIVE_ABSENT)
		return ref.trusted ? ASKER : STRANGER;
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = reader ? store_command(reader, r->param, &row) : -1;
	if (found != 1)
		return found ? ERROR : ENDED;
	bool same =
	    row.live_tail && strlen(row.live_tail) == TAIL_LEN && secure_equal(row.live_tail, tail, TAIL_LEN);
	command_row_finish(&row);
	return same ? ASKER : STRANGER;
}

static enum asker asker_by_address(struct request *r)
{
	char address[ADDRESS_SIZE];
	bool same = false;
	request_address(r, address);
	if (live_sent_from(r->server->live, r->param, address, &same) == LIVE_ABSENT)
		return ENDED;
	return same ? ASKER : STRANGER;
}

/* Nothing waits any more: it was withdrawn or never came, or it is decided and no more is said of it. */
static bool answer_ended(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = reader ? store_command(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	bool decided = found && (!row.cause || strcmp(row.cause, "withdrawn") != 0);
	if (found)
		command_row_finish(&row);
	return decided ? answer_problem(r, PROBLEM_CONFLICT, "decided already") : answer_empty(r);
}

bool route_command_withdraw(struct request *r)
{
	if (!uuid_valid(r->param))
		return answer_problem(r, PROBLEM_NOT_FOUND, "not the ID of a command");
	const char *tail = request_query(r, "tail");
	enum asker asker = tail ? asker_by_tail(r, tail) : asker_by_address(r);
	if (asker == ERROR)
		return answer_unavailable(r);
	if (asker == ENDED)
		return answer_ended(r);
	if (asker == STRANGER)
		return refuse(r, PROBLEM_IDENTITY,
			      "a command is withdrawn by somebody who did not ask for it", NULL, NULL);
	struct settle_ask ask = {.id = r->param, .by = SETTLE_WITHDRAWN};
	request_suspend(r);
	settle_push(r->server, &ask, r);
	return false;
}
