/* kill.h: kills told to people.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_KILL_H
#define WHOSH_WHOCTL_KILL_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

/* Append "agent worker, killed by bob: runaway loop (until 2026-…)", visibly. */
void kill_add(struct buf *out, const cJSON *kill);
/* Append the table of a kill's targets and what is to be said of those that have not ended. */
void kill_targets_add(struct buf *out, const cJSON *kill, const struct style *style);
/* Append the table of a list of kills. */
void kills_add_table(struct buf *out, const cJSON *kills, const struct style *style);
/* Append what an event of a kill or its lifting says: "kill: agent worker by bob: runaway loop". */
void kill_event_add(struct buf *out, const char *event, const cJSON *data);

/* How many targets there are, and how many of them have ended, still run, or were never heard of again. */
struct kill_count {
	int all, ended, running, lapsed;
};
struct kill_count kill_count(const cJSON *kill);

#endif
