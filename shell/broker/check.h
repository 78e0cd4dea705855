/* check.h: what a shell would use, line by line, for whosh --check.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_CHECK_H
#define BROKER_CHECK_H

#include "common/wire.h"
#include "shell/broker/broker.h"

struct check;

/* Gather what is known, ask the approver for its health, then shell_checked.  NULL: out of memory. */
struct check *check_begin(struct broker *broker, struct shell *shell, struct peer *peer,
			  const struct wire_message *message);
/* The shell is gone. */
void check_cancel(struct check *check);

#endif
