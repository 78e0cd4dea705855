/* route_policy.c: the policy in force, and a new one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/policy_box.h"
#include "approver/http/routes.h"
#include <stdlib.h>
#include <string.h>

bool route_policy_get(struct request *r)
{
	struct held_policy *held = policy_hold(r->server->policy);
	size_t len;
	const char *text = policy_text(policy_held(held), &len);
	buf_add(&r->out, text, len);
	strcpy(r->etag, policy_s256(policy_held(held)));
	policy_release(held);
	return answer_json(r, 200);
}

bool route_policy_put(struct request *r)
{
	char *error = NULL;
	struct policy *policy = policy_parse(r->body.data ? r->body.data : "", r->body.len, &error);
	if (!policy) {
		answer_problem(r, PROBLEM_MALFORMED, error ? error : "not a policy");
		free(error);
		return true;
	}
	request_suspend(r);
	policy_enforce(r->server, policy, r->operator_account->name, r);
	return false;
}
