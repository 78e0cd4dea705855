/* route_events.c: GET /v1/events: what happens, as it happens.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/events.h"
#include "approver/http/routes.h"
#include <microhttpd.h>
#include <stdlib.h>

enum { MAX_STREAMS = 256 };

bool route_events(struct request *r)
{
	const char *last = MHD_lookup_connection_value(r->http, MHD_HEADER_KIND, "Last-Event-ID");
	if (r->server->ending)
		return answer_unavailable(r);
	if (events_subscribers(r->server->events) >= MAX_STREAMS)
		return answer_problem(r, PROBLEM_UNAVAILABLE, "too many event streams are open");
	return events_subscribe(r->server->events, r, last && *last ? strtoll(last, NULL, 10) : -1);
}
