/* decide.h: the way of one command through the approver, from its bytes to its answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_DECIDE_H
#define WHOSH_COMMAND_DECIDE_H

#include "approver/http/request.h"

/* POST /v1/commands: the body is a command JWS. */
bool decide_command(struct request *request);

#endif
