/* auth.h: operators sign in with a bearer token on every request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_AUTH_H
#define WHOSH_HTTP_AUTH_H

#include "approver/identity/registry.h"
#include "approver/http/request.h"

/* Find the operator of `Authorization: Bearer TOKEN` and require a role of at least `least`.  false when
 * refused, the problem answered. */
bool auth_operator(struct request *request, enum role least);

#endif
