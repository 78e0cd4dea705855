/* route_health.c: GET /healthz: can the approver do its work?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kills.h"
#include "approver/command/live.h"
#include "approver/command/policy_box.h"
#include "approver/http/routes.h"
#include "common/clock.h"
#include "common/json.h"
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>

bool route_health(struct request *r)
{
	struct server *server = r->server;
	int64_t pending, running, polls;
	live_count(server->live, &pending, &running, &polls);
	struct statvfs disk;
	int64_t free_bytes =
	    statvfs(server->settings.dir, &disk) ? -1 : (int64_t)(disk.f_bavail * disk.f_frsize);
	struct held_policy *held = policy_hold(server->policy);
	bool read_only = server->unwritable != 0;
	buf_addf(&r->out, "{\"status\":\"%s\",\"version\":\"%s\",\"name\":", read_only ? "read-only" : "ok",
		 WHOSH_VERSION);
	json_add_string(&r->out, server->settings.name, strlen(server->settings.name));
	buf_addf(&r->out,
		 ",\"pending\":%" PRId64 ",\"running\":%" PRId64 ",\"kills\":%" PRId64
		 ",\"log_size\":%" PRId64 ",\"policy_s256\":\"%s\",\"uptime_s\":%" PRId64
		 ",\"disk_free\":%" PRId64 "}",
		 pending, running, kills_count(server->kills), (int64_t)server->log_size,
		 policy_s256(policy_held(held)), (clock_wall_ms() - server->started) / 1000, free_bytes);
	policy_release(held);
	return answer_json(r, read_only || server->ending ? 503 : 200);
}
