/* route_metrics.c: GET /metrics for Prometheus.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/connections.h"
#include "approver/http/events.h"
#include "approver/kill/kills.h"
#include "approver/command/live.h"
#include "approver/http/metrics.h"
#include "approver/http/routes.h"
#include "approver/secrets/patterns.h"
#include "approver/secrets/secrets.h"
#include "common/clock.h"

bool route_metrics(struct request *r)
{
	struct server *server = r->server;
	struct gauges g = {.connections = connections_count(server->connections),
			   .subscribers = events_subscribers(server->events),
			   .kills = kills_count(server->kills),
			   .secret_patterns = (int64_t)patterns_built_in(),
			   .own_secret_patterns = (int64_t)secrets_own(server->secrets),
			   .log_size = server->log_size,
			   .uptime_s = (clock_wall_ms() - server->started) / 1000,
			   .read_only = server->unwritable != 0};
	live_count(server->live, &g.pending, &g.running, &g.polls);
	metrics_write(&r->out, &g);
	return answer_out(r, 200, "text/plain; version=0.0.4");
}
