/* delegate.h: an agent hands a task on: its broker signs the hop that says so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_DELEGATE_H
#define BROKER_DELEGATE_H

#include "common/wire.h"
#include "shell/broker/broker.h"

struct delegate;

/* Ask the approver, sign, have it logged, then shell_delegated, never from within this call.  NULL: out of
 * memory. */
struct delegate *delegate_begin(struct broker *broker, struct shell *shell, struct peer *peer,
				const struct wire_message *message);
/* The shell is gone. */
void delegate_cancel(struct delegate *delegate);

#endif
