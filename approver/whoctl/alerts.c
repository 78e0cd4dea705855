/* alerts.c: what `whoctl status` and `whoctl watch` say of alerts.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/alerts.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"
#include "common/clock.h"

enum { LAST = 5, DAY_MS = 86400 * 1000 };

int alerts_get(struct ctl *ctl, cJSON **alerts)
{
	struct buf path BUF_AUTO = BUF_INIT;
	char since[RFC3339_LEN + 1];
	rfc3339_format(clock_wall_ms() - DAY_MS, since);
	buf_adds(&path, "/v1/alerts");
	query_add(&path, "since", since);
	return api_json(ctl, "GET", path.data, NULL, alerts);
}

void alert_add(struct buf *out, const cJSON *alert, const struct style *style)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_adds(&text, "ALERT: ");
	json_visible_add(&text, alert, "reason", "?");
	coloured_add(out, style, COLOUR_RED, text.data ? text.data : "");
}

void alerts_status_add(struct buf *out, const cJSON *alerts, const struct style *style)
{
	int64_t count = 0;
	int left = LAST;
	json_integer(alerts, "count", &count);
	buf_addf(out, "%-13s%lld in 24 h%s\n", "alerts", (long long)count, count ? ", the last:" : "");
	const cJSON *alert;
	cJSON_ArrayForEach(alert, json_array(alerts, "alerts"))
	{
		if (left-- == 0)
			break;
		buf_addf(out, "%-13s", "");
		json_time_add(out, alert, "ts", "");
		buf_adds(out, "  ");
		alert_add(out, alert, style);
		buf_addc(out, '\n');
	}
}
