/* policy_box.h: the policy in force, which may change while others read it.
 *
 * A reader holds the whole policy it began with until it lets go; a swap is seen by the next reader.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_POLICY_BOX_H
#define WHOSH_COMMAND_POLICY_BOX_H

#include "approver/policy/policy.h"

struct policy_box;
struct held_policy;
struct server;
struct request;

/* Takes the policy over. */
struct policy_box *policy_box_new(struct policy *policy);
void policy_box_free(struct policy_box *box);

/* The policy in force; never NULL.  Let go of it with policy_release. */
struct held_policy *policy_hold(struct policy_box *box);
const struct policy *policy_held(const struct held_policy *held);
void policy_release(struct held_policy *held);

/* Bring a parsed policy into force by the writer: kept in the store, logged, swapped; when `request` is
 * given, also DIR/policy.json is replaced and the request is answered and resumed.  Takes the policy over. */
void policy_enforce(struct server *server, struct policy *policy, const char *by, struct request *request);

#endif
