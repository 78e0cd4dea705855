/* settle.h: how a pending command comes to its end: reviewed, timed out, withdrawn or killed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_SETTLE_H
#define WHOSH_COMMAND_SETTLE_H

#include "approver/http/request.h"

enum settle_by { SETTLE_REVIEW, SETTLE_TIMEOUT, SETTLE_WITHDRAWN, SETTLE_KILLED };

struct settle_ask {
	const char *id; /* of the command */
	enum settle_by by;
	bool approve;              /* of a review */
	const char *operator_name; /* of a review, or who killed it */
	const char *reason;        /* of a review, where it may be NULL for an approval; of a kill */
};

/* Hand it to the writer.  A request is suspended already; it is answered and resumed.  Strings are copied. */
void settle_push(struct server *server, const struct settle_ask *ask, struct request *request);
/* A running command's lease has lapsed: its outcome is unknown, its host lost. */
void settle_lost(struct server *server, const char *id);
/* The lease of what a command left behind has lapsed. */
void settle_left(struct server *server, const char *id);

#endif
