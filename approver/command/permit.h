/* permit.h: the approver's signed answer to one command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_PERMIT_H
#define WHOSH_COMMAND_PERMIT_H

#include "approver/command/writer.h"
#include "common/buf.h"

struct decision {
	bool approved;
	const char *cause; /* "policy", "review", "timeout", "withdrawn", "killed" */
	const char *reason;
	const char *reviewers; /* JSON array of names */
};

/* Sign the permit for `row` and append it to the log; puts the decision into the row, whose `permit` then is
 * the text in `out` (borrowed, as is everything in `decision`).  The caller writes the row.  -1: the group is
 * lost. */
int permit_decide(struct group *group, struct command_row *row, const struct decision *decision,
		  struct buf *out);

#endif
