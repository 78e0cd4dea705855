/* policy_file.h: a policy document in a file, or in force at the approver.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_POLICY_FILE_H
#define WHOSH_WHOCTL_POLICY_FILE_H

#include "approver/policy/policy.h"
#include "approver/whoctl/whoctl.h"

/* Load and check a file.  0 with *policy (policy_free), or an exit status after saying what is wrong where.
 */
int policy_file_load(const char *path, struct policy **policy);
/* The same for the policy in force. */
int policy_server_load(struct ctl *ctl, struct policy **policy);
/* How many rules a loaded policy has. */
int policy_rules(const struct policy *policy);

#endif
