/* broker_link.c: the gate's connection to a broker: common/link.h, and what the gate says when there is none.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"

void broker_link(struct gate *gate)
{
	char *error;
	if (!link_open(&gate->link, &gate->conf, gate->self, gate->environment, &error))
		message_exit(EXIT_UNREACHABLE, "approver unreachable: %s; nothing was run",
			     error ? error : "out of memory");
}

bool broker_write(struct gate *gate, const struct buf *frame)
{
	return link_write(&gate->link, frame);
}

bool broker_read(struct gate *gate, struct wire_message *message, int timeout_ms)
{
	return link_read(&gate->link, message, timeout_ms);
}

int broker_next(struct gate *gate, struct wire_message *message, int timeout_ms)
{
	return link_next(&gate->link, message, timeout_ms);
}
