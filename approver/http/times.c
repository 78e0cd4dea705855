/* times.c: see times.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/times.h"
#include "common/clock.h"
#include <stdlib.h>

bool query_time(struct request *r, const char *name, int64_t *ms)
{
	const char *text = request_query(r, name);
	if (!text || rfc3339_parse(text, ms))
		return true;
	char *end;
	long long number = strtoll(text, &end, 10);
	if (*end || number < 0 || end == text) {
		answer_problemf(r, PROBLEM_MALFORMED, "%s is not a time (RFC 3339)", name);
		return false;
	}
	*ms = number < 100000000000 ? number * 1000 : number;
	return true;
}
