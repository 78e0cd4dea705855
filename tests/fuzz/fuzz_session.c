/* fuzz_session.c: what a session is said to have changed, a NUL, a line: read whole or not at all, and with
 * an alias among it no line is approved.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/policy/policy_session.h"
#include "common/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	char *error, why[160];
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	if (!policy)
		policy = policy_parse(policy_starter, policy_starter_len, &error);
	if (!policy)
		abort();
	cJSON *json = nul ? json_parse((const char *)data, (size_t)(nul - data), NULL) : NULL;
	if (!json)
		return 0;
	struct policy_session session;
	struct policy_decision decision;
	if (policy_session_read(&session, json, why)) {
		struct policy_request request = {.mode = "stdin",
						 .line = (const char *)nul + 1,
						 .line_len = size - (size_t)(nul + 1 - data),
						 .session = &session};
		bool alias = false;
		for (size_t i = 0; i < session.n_changes; i++)
			alias |= session.changes[i].kind == CHANGE_ALIAS;
		if (!policy_decide(policy, &request, &decision)) {
			if (alias && decision.verdict == VERDICT_APPROVE)
				abort();
			policy_decision_finish(&decision);
		}
	}
	policy_session_finish(&session);
	cJSON_Delete(json);
	return 0;
}
