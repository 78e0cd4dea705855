/* policy_judge.h: a policy's word on a line that is described in JSON: a case of a test, or a record of the
 * log.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_POLICY_JUDGE_H
#define WHOSH_WHOCTL_POLICY_JUDGE_H

#include "approver/policy/policy.h"
#include "approver/whoctl/human.h"

/* Judge the line by the members agent, agent_version, human, model, task, host, user, cwd, mode ("command"
 * when absent), chain (else human and agent), line or line_b64, meaning, sourced, ts (else now).  0 with
 * *decision, to be finished with policy_decision_finish; -1 when out of memory, or when meaning or sourced is
 * malformed. */
int policy_judge(const struct policy *policy, const cJSON *described, struct policy_decision *decision);

#endif
