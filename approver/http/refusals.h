/* refusals.h: identities that were refused: said, counted, and kept in the log, not too many of them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_REFUSALS_H
#define WHOSH_HTTP_REFUSALS_H

#include "approver/http/request.h"

/* Answer with the problem and keep an event of it.  Anyone can make us refuse: beyond a burst, one event a
 * second is kept and the others are only counted.  `agent` and `credential` may be NULL. */
bool refuse(struct request *request, enum problem problem, const char *reason, const char *agent,
	    const char *credential);
/* Keep an event that no request waits for (operator sign-ins and the like).  `body` is copied. */
void record_event(struct server *server, enum event_kind kind, const char *subject, const struct buf *body);

#endif
