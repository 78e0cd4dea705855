/* route_commands.c: POST /v1/commands asks; DELETE /v1/commands/ID takes the question back.
 *
 * A reviewer's list and an agent's environment show IDs, so an ID alone withdraws nothing: the tail of the
 * command JWS goes with it, as in /v1/live.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/decide.h"
#include "approver/http/live.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "approver/http/settle.h"
#include "common/text.h"
#include <string.h>

bool route_command_post(struct request *r)
{
	if (!r->body.len)
		return answer_problem(r, PROBLEM_MALFORMED, "there is no body");
	return decide_command(r);
}

/* Does `tail` show that whoever withdraws is the one who asked?  1, 0, -1 on error; *known tells whether
 * there is such a command at all. */
static int is_the_asker(struct request *r, const char *tail, bool *known)
{
	struct live_ref ref = {.id = r->param, .tail = tail};
	live_look(r->server->live, &ref, 1, 0);
	*known = true;
	if (ref.state != LIVE_ABSENT)
		return ref.trusted;
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	int found = reader ? store_command(reader, r->param, &row) : -1;
	*known = found == 1;
	if (!*known)
		return found;
	bool same = row.live_tail && !strcmp(row.live_tail, tail);
	command_row_finish(&row);
	return same;
}

bool route_command_withdraw(struct request *r)
{
	const char *tail = request_query(r, "tail");
	bool known;
	if (!uuid_valid(r->param))
		return answer_problem(r, PROBLEM_NOT_FOUND, "not the ID of a command");
	if (!tail || strlen(tail) != TAIL_LEN)
		return answer_problem(r, PROBLEM_IDENTITY, "a command is withdrawn with the tail of its JWS");
	int asker = is_the_asker(r, tail, &known);
	if (asker < 0)
		return answer_unavailable(r);
	if (!known)
		return answer_empty(r);
	if (!asker)
		return refuse(r, PROBLEM_IDENTITY,
			      "a command is withdrawn by somebody who did not ask for it", NULL, NULL);
	struct settle_ask ask = {.id = r->param, .by = SETTLE_WITHDRAWN};
	request_suspend(r);
	settle_push(r->server, &ask, r);
	return false;
}
