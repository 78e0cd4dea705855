/* metrics.c: counters and histograms, and their text form.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/metrics.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t counters[METRICS];

/* Upper bounds; the last bucket has none. */
static const int64_t time_bounds[] = {250,   500,   1000,   2500,   5000,   10000,
				      25000, 50000, 100000, 250000, 1000000};
static const int64_t group_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
enum {
	TIMES = sizeof time_bounds / sizeof *time_bounds,
	GROUPS = sizeof group_bounds / sizeof *group_bounds
};

struct histogram {
	_Atomic int64_t bucket[16], sum;
};
static struct histogram times, groups;

void metric_add(enum metric metric, int64_t n)
{
	atomic_fetch_add_explicit(&counters[metric], n, memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
	return atomic_load_explicit(&counters[metric], memory_order_relaxed);
}

int64_t metric_clock_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void observe(struct histogram *h, const int64_t *bounds, int n, int64_t value)
{
	int i = 0;
	while (i < n && value > bounds[i])
		i++;
	atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

void metric_decision_time(int64_t us)
{
	observe(&times, time_bounds, TIMES, us);
}

void metric_group(int64_t items)
{
	metric_add(METRIC_GROUPS, 1);
	metric_add(METRIC_GROUP_ITEMS, items);
	observe(&groups, group_bounds, GROUPS, items);
}

static void counter(struct buf *out, const char *name, const char *labels, enum metric metric)
{
	buf_addf(out, "%s%s %" PRId64 "\n", name, labels, metric_value(metric));
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	head(out, name, "gauge", help);
	buf_addf(out, "%s %" PRId64 "\n", name, value);
}

/* `scale`: how many of the observed unit make one of the published. */
static void histogram(struct buf *out, const char *name, const char *help, struct histogram *h,
		      const int64_t *bounds, int n, double scale)
{
	head(out, name, "histogram", help);
	int64_t seen = 0;
	for (int i = 0; i < n; i++) {
		seen += atomic_load(&h->bucket[i]);
		buf_addf(out, "%s_bucket{le=\"%g\"} %" PRId64 "\n", name, (double)bounds[i] / scale, seen);
	}
	seen += atomic_load(&h->bucket[n]);
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum %g\n%s_count %" PRId64 "\n", name, seen,
		 name, (double)atomic_load(&h->sum) / scale, name, seen);
}

void metrics_write(struct buf *out, const struct gauges *g)
{
	head(out, "whosh_decisions_total", "counter",
	     "Commands decided, or put before a reviewer, by policy.");
	counter(out, "whosh_decisions_total", "{verdict=\"approved\"}", METRIC_APPROVED);
	counter(out, "whosh_decisions_total", "{verdict=\"denied\"}", METRIC_DENIED);
	counter(out, "whosh_decisions_total", "{verdict=\"review\"}", METRIC_REVIEWED);
	head(out, "whosh_reviews_total", "counter", "Commands under review that came to an end.");
	counter(out, "whosh_reviews_total", "{end=\"approved\"}", METRIC_REVIEW_APPROVED);
	counter(out, "whosh_reviews_total", "{end=\"denied\"}", METRIC_REVIEW_DENIED);
	counter(out, "whosh_reviews_total", "{end=\"timeout\"}", METRIC_TIMED_OUT);
	counter(out, "whosh_reviews_total", "{end=\"withdrawn\"}", METRIC_WITHDRAWN);
	counter(out, "whosh_reviews_total", "{end=\"killed\"}", METRIC_REVIEW_KILLED);
	head(out, "whosh_repeated_total", "counter", "Requests posted again and answered as before.");
	counter(out, "whosh_repeated_total", "", METRIC_REPEATED);
	head(out, "whosh_refused_total", "counter", "Identities refused.");
	counter(out, "whosh_refused_total", "", METRIC_REFUSED);
	head(out, "whosh_malformed_total", "counter", "Requests that were not understood.");
	counter(out, "whosh_malformed_total", "", METRIC_MALFORMED);
	head(out, "whosh_outcomes_total", "counter", "Outcomes recorded.");
	counter(out, "whosh_outcomes_total", "{found=\"reported\"}", METRIC_OUTCOMES);
	counter(out, "whosh_outcomes_total", "{found=\"host_lost\"}", METRIC_LOST);
	head(out, "whosh_requests_total", "counter", "HTTP requests.");
	counter(out, "whosh_requests_total", "", METRIC_REQUESTS);
	head(out, "whosh_unavailable_total", "counter", "Requests answered 503.");
	counter(out, "whosh_unavailable_total", "", METRIC_UNAVAILABLE);
	head(out, "whosh_slow_clients_total", "counter", "Connections ended for being too slow.");
	counter(out, "whosh_slow_clients_total", "", METRIC_SLOW_CLIENTS);
	head(out, "whosh_sign_ins_total", "counter", "Operators' sign-ins.");
	counter(out, "whosh_sign_ins_total", "{result=\"ok\"}", METRIC_SIGN_INS);
	counter(out, "whosh_sign_ins_total", "{result=\"failed\"}", METRIC_SIGN_INS_FAILED);
	head(out, "whosh_store_errors_total", "counter", "Groups that the store could not keep.");
	counter(out, "whosh_store_errors_total", "", METRIC_STORE_ERRORS);
	head(out, "whosh_alerts_total", "counter", "Keys and sessions that were seen in two hands.");
	counter(out, "whosh_alerts_total", "{alert=\"key_enrolled_twice\"}", METRIC_ALERT_KEY_ENROLLED);
	counter(out, "whosh_alerts_total", "{alert=\"key_of_another_agent\"}", METRIC_ALERT_KEY_USED);
	counter(out, "whosh_alerts_total", "{alert=\"session_of_two_keys\"}", METRIC_ALERT_SESSION);
	head(out, "whosh_exchanges_total", "counter", "Identity tokens exchanged for a credential.");
	counter(out, "whosh_exchanges_total", "", METRIC_EXCHANGES);
	head(out, "whosh_key_fetches_total", "counter",
	     "Fetches of the keys of an issuer of identity tokens.");
	counter(out, "whosh_key_fetches_total", "{result=\"ok\"}", METRIC_KEY_FETCHES);
	counter(out, "whosh_key_fetches_total", "{result=\"failed\"}", METRIC_KEY_FETCHES_FAILED);
	head(out, "whosh_unmasked_total", "counter", "Times that an operator was shown secrets unmasked.");
	counter(out, "whosh_unmasked_total", "", METRIC_UNMASKED);
	histogram(out, "whosh_decision_seconds", "From a whole request to its answer.", &times, time_bounds,
		  TIMES, 1e6);
	histogram(out, "whosh_commit_group_items", "Items committed together.", &groups, group_bounds, GROUPS,
		  1);
	gauge(out, "whosh_pending", "Commands waiting for a reviewer.", g->pending);
	gauge(out, "whosh_running", "Commands approved whose outcome is not known yet.", g->running);
	gauge(out, "whosh_polls", "Long polls open.", g->polls);
	gauge(out, "whosh_connections", "Connections open.", g->connections);
	gauge(out, "whosh_event_streams", "Event streams open.", g->subscribers);
	gauge(out, "whosh_kills", "Kills in force.", g->kills);
	head(out, "whosh_secret_patterns", "gauge", "Patterns of secrets that are masked.");
	buf_addf(out, "whosh_secret_patterns{from=\"built-in\"} %" PRId64 "\n", g->secret_patterns);
	buf_addf(out, "whosh_secret_patterns{from=\"secrets.json\"} %" PRId64 "\n", g->own_secret_patterns);
	gauge(out, "whosh_log_size", "Events in the log.", g->log_size);
	gauge(out, "whosh_read_only", "1 while nothing can be stored.", g->read_only);
	gauge(out, "whosh_uptime_seconds", "Since the approver started.", g->uptime_s);
}
