/* broker_link.c: the gate's connection to a broker: common/link.h with what the gate knows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/gate.h"

bool broker_link(struct gate *gate, char **error)
{
	return link_open(&gate->link, &gate->conf, gate->self, gate->environment, error);
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
