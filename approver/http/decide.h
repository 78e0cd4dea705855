/* decide.h: the way of one command through the approver, from its bytes to its answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_DECIDE_H
#define WHOSH_HTTP_DECIDE_H

#include "approver/http/request.h"

/* POST /v1/commands: the body is a command JWS. */
bool decide_command(struct request *request);

/* How a command stands by the store, as the answer to the one who posted it: its permit (200) or that it is
 * pending (202).  request->param is the ID, request->body the JWS again. */
bool answer_as_stored(struct request *request);

#endif
