/* metrics.h: numbers for whoever watches the approver, counted without locks.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_METRICS_H
#define WHOSH_HTTP_METRICS_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum metric {
	METRIC_APPROVED,
	METRIC_DENIED,
	METRIC_REVIEWED, /* decisions: by policy, or put before a reviewer */
	METRIC_REVIEW_APPROVED,
	METRIC_REVIEW_DENIED,
	METRIC_TIMED_OUT,
	METRIC_WITHDRAWN,
	METRIC_REVIEW_KILLED,
	METRIC_REPEATED, /* the same request again */
	METRIC_REFUSED,  /* identities refused */
	METRIC_MALFORMED,
	METRIC_OUTCOMES,
	METRIC_LOST,
	METRIC_REQUESTS,
	METRIC_UNAVAILABLE,
	METRIC_SLOW_CLIENTS,
	METRIC_SIGN_INS,
	METRIC_SIGN_INS_FAILED,
	METRIC_GROUPS,
	METRIC_GROUP_ITEMS,
	METRIC_STORE_ERRORS,
	METRIC_ALERT_KEY_ENROLLED, /* alerts, in the order of enum alert_kind */
	METRIC_ALERT_KEY_USED,
	METRIC_ALERT_SESSION,
	METRIC_EXCHANGES,
	METRIC_KEY_FETCHES,
	METRIC_KEY_FETCHES_FAILED,
	METRIC_UNMASKED,
	METRICS
};

void metric_add(enum metric metric, int64_t n);
int64_t metric_value(enum metric metric);

/* One decision took so long, from the whole request being here to its answer being ready. */
void metric_decision_time(int64_t us);
/* One group of the writer held so many items. */
void metric_group(int64_t items);

/* A gauge that only its owner knows. */
struct gauges {
	int64_t pending, running, polls, connections, subscribers, kills, log_size, uptime_s;
	int64_t secret_patterns, own_secret_patterns;
	bool read_only;
};
/* Append everything in Prometheus' text format. */
void metrics_write(struct buf *out, const struct gauges *gauges);

int64_t metric_clock_us(void); /* CLOCK_MONOTONIC in microseconds */

#endif
