/* policy_judge.c: a policy's word on a line that is described in JSON; see policy_judge.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/policy_judge.h"
#include "approver/policy/policy_session.h"
#include "common/clock.h"

enum { CHAIN_MAX = 16 };

/* Everyone in the chain, human first; without one, the human and the agent as they are named. */
static size_t principals(const cJSON *described, const char *chain[CHAIN_MAX])
{
	size_t n = 0;
	const cJSON *principal;
	cJSON_ArrayForEach(principal, json_array(described, "chain"))
	{
		const char *id = json_string(principal, "id");
		if (id && n < CHAIN_MAX)
			chain[n++] = id;
	}
	if (n > 0)
		return n;
	const char *human = json_string(described, "human"), *agent = json_string(described, "agent");
	if (human)
		chain[n++] = human;
	if (agent)
		chain[n++] = agent;
	return n;
}

int policy_judge(const struct policy *policy, const cJSON *described, struct policy_decision *decision)
{
	struct buf room BUF_AUTO = BUF_INIT;
	const char *chain[CHAIN_MAX], *mode = json_string(described, "mode");
	char why[160];
	struct policy_session session;
	int64_t when;
	if (!policy_session_read(&session, described, why)) {
		policy_session_finish(&session);
		return -1;
	}
	if (!json_time(described, "ts", &when))
		when = clock_wall_ms();
	struct policy_request request = {
	    .agent = json_string(described, "agent"),
	    .agent_version = json_string(described, "agent_version"),
	    .human = json_string(described, "human"),
	    .chain = chain,
	    .n_chain = principals(described, chain),
	    .model = json_string(described, "model"),
	    .task = json_string(described, "task"),
	    .host = json_string(described, "host"),
	    .user = json_string(described, "user"),
	    .cwd = json_string(described, "cwd"),
	    .mode = mode ? mode : "command",
	    .session = &session,
	    .now = (time_t)(when / 1000),
	};
	request.line = record_line(described, &room, &request.line_len);
	int judged = policy_decide(policy, &request, decision);
	policy_session_finish(&session);
	return judged;
}
