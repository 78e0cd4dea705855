/* times.h: a time in a query.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_TIMES_H
#define WHOSH_HTTP_TIMES_H

#include "approver/http/request.h"

/* RFC 3339, or whole milliseconds or seconds since 1970; *ms stays as it is when the query has none.  false
 * after answering what is wrong. */
bool query_time(struct request *request, const char *name, int64_t *ms);

#endif
