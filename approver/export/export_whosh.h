/* export_whosh.h: what no schema has a name for, under our own names, the same in every format.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_WHOSH_H
#define WHOSH_EXPORT_EXPORT_WHOSH_H

#include "approver/export/export_item.h"
#include "approver/export/export_json.h"

/* Members of a command, the object left open: agent, agent_version, credential, session, seq, human, model,
 * task, chain, cwd, mode, verdict, cause, rule, policy, reviewers, reason, outcome, outcome_reason, signal,
 * state, log_index, and the marks; "claimed" names those of them that nobody has proven. */
void put_whosh_command(struct buf *out, const struct export_item *item);
/* "masked" where there were secrets, "cut" where it is told in short. */
void put_whosh_marks(struct buf *out, const struct export_item *item);

#endif
