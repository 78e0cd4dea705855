/* lineage.h: a command's principals told to people: who handed which task to whom, the human first.
 *
 *     lineage: alice (human, attested), 2026-11-24 09:12:03
 *              orchestrator-v2 (agent, signed), 2026-11-24 09:12:03, task "stage release 4.2"
 *              worker (agent, signed), 2026-11-24 09:14:40; hosts: staging-*; task "check the tables"
 *
 * How each is known stands beside it, and what it was limited to.  Everything is shown visibly (text.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_LINEAGE_H
#define WHOSH_WHOCTL_LINEAGE_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

/* Append the record's principals, one a line, each but the first after `margin`. */
void lineage_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin);
/* Append " via orchestrator-v2" (" via a → b"): the agents between the human and the one that asks; nothing
 * when there are none. */
void via_add(struct buf *out, const cJSON *record);
/* Append, each on its line after `margin`, what a reviewer compares the line with: the task that was
 * delegated and by whom, above it in colour another task that the agent claims to be on.  Nothing when
 * nothing was delegated. */
void delegated_task_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin);
/* The second of these alone. */
void claimed_task_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin);

#endif
