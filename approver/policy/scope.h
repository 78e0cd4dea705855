/* scope.h: what a delegation is limited to: commands, working directories, hosts.
 *
 * A request is inside when every list that is there covers it.  Whether commands are covered is judged as a
 * policy judges them (whosh-policy(5)), with one difference: there is no reviewer to ask, so what is not sure
 * is outside.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_SCOPE_H
#define WHOSH_POLICY_SCOPE_H

#include "approver/policy/policy.h"

struct cJSON;
struct scope;

/* From {"commands":…,"cwd":…,"hosts":…} that hop.h found valid.  NULL with a malloc'd sentence in *error. */
struct scope *scope_new(const struct cJSON *json, char **error);
void scope_free(struct scope *scope);

/* What chain_covers lets be compared for one command, all of its hops together (policy_request's `steps`): a
 * few thousand commands with a hundred patterns, a fraction of a second. */
enum { SCOPE_STEPS = 64 << 20 };

/* Is the request inside?  1; 0 with the clause that lacks it and why, malloc'd, in *why ("scope.hosts: prod-1
 * is not in it"); -1: out of memory. */
int scope_covers(const struct scope *scope, const struct policy_request *request, char **why);

/* Does `child` let nothing through that `parent` does not?  Lists that either leaves out are no limit here:
 * the caller gives the nearest ancestor's.  Narrowing that cannot be seen (a cleverer glob) is none.  NULL:
 * yes; else the first pattern that reaches further, malloc'd. */
char *scope_commands_widen(const struct cJSON *parent, const struct cJSON *child);
char *scope_texts_widen(const struct cJSON *parent, const struct cJSON *child);

#endif
