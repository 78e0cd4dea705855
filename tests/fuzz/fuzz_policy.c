/* fuzz_policy.c: any line is judged by a policy, without an approval where the parser doubts.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/policy/syntax.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	char *error;
	if (!policy)
		policy = policy_parse(policy_starter, policy_starter_len, &error);
	if (!policy)
		abort();
	struct policy_request request = {.line = (const char *)data, .line_len = size};
	struct policy_decision decision;
	struct sh_script *script = sh_parse((const char *)data, size);
	if (!policy_decide(policy, &request, &decision)) {
		if (script && script->n_doubts && decision.verdict == VERDICT_APPROVE)
			abort();
		policy_decision_finish(&decision);
	}
	sh_script_free(script);
	return 0;
}
