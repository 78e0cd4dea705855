/* route_commands.c: POST /v1/commands asks; DELETE /v1/commands/ID takes the question back.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/decide.h"
#include "approver/http/routes.h"
#include "approver/http/settle.h"
#include "common/text.h"

bool route_command_post(struct request *r)
{
	if (!r->body.len)
		return answer_problem(r, PROBLEM_MALFORMED, "there is no body");
	return decide_command(r);
}

bool route_command_withdraw(struct request *r)
{
	if (!uuid_valid(r->param))
		return answer_problem(r, PROBLEM_NOT_FOUND, "not the ID of a command");
	struct settle_ask ask = {.id = r->param, .by = SETTLE_WITHDRAWN};
	request_suspend(r);
	settle_push(r->server, &ask, r);
	return false;
}
