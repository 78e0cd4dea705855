/* warm.h: keep one connection to the approver open, so that no command has to wait for a handshake.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_WARM_H
#define BROKER_WARM_H

#include "shell/broker/broker.h"

struct warm {
	struct broker *broker;
	struct timer timer;
	struct call *call;
	bool away; /* the last look found nobody */
};

/* Begin: connect at once, and look again whenever nothing has been heard for a while. */
void warm_start(struct warm *warm, struct broker *broker);
void warm_stop(struct warm *warm);

#endif
