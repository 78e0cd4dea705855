/* route_alerts.c: GET /v1/alerts: keys and sessions that were seen in two hands.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "common/clock.h"
#include <inttypes.h>

enum { MAX_ALERTS = 1000 };

static bool emit(int64_t index, int64_t ms, const char *body, size_t len, void *arg)
{
	struct buf *out = arg;
	if (len < 2)
		return true;
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	buf_add(out, body, len - 1); /* an object that was made here, left open */
	buf_addf(out, ",\"log_index\":%" PRId64, index);
	record_time(out, "ts", ms);
	buf_addc(out, '}');
	return true;
}

bool route_alerts_list(struct request *r)
{
	const char *text = request_query(r, "since");
	int64_t since = 0;
	struct store_reader *reader = server_reader(r->server);
	if (text && !rfc3339_parse(text, &since))
		return answer_problem(r, PROBLEM_MALFORMED, "since is not a time of RFC 3339");
	int64_t count = reader ? store_alert_count(reader, since) : -1;
	buf_adds(&r->out, "{\"alerts\":[");
	if (count < 0 || store_alerts(reader, since, MAX_ALERTS, emit, &r->out)) {
		buf_clear(&r->out);
		return answer_unavailable(r);
	}
	buf_addf(&r->out, "],\"count\":%" PRId64 "}", count);
	return answer_json(r, 200);
}
