/* routes.c: the table of addresses, busiest first.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/routes.h"
#include <string.h>

static const struct route routes[] = {
    {"POST", "/v1/commands", ROLE_NOBODY, route_command_post},
    {"POST", "/v1/commands/:/outcome", ROLE_NOBODY, route_outcome_post},
    {"POST", "/v1/live", ROLE_NOBODY, route_live_post},
    {"DELETE", "/v1/commands/:", ROLE_NOBODY, route_command_withdraw},
    {"POST", "/v1/delegations", ROLE_NOBODY, route_delegations_post},
    {"POST", "/v1/delegations/prepare", ROLE_NOBODY, route_delegations_prepare},
    {"POST", "/v1/delegations/start", ROLE_REVIEWER, route_delegations_start},
    {"GET", "/v1/delegations", ROLE_VIEWER, route_delegations_list},
    {"DELETE", "/v1/delegations/:", ROLE_REVIEWER, route_delegations_revoke},
    {"GET", "/healthz", ROLE_NOBODY, route_health},
    {"GET", "/metrics", ROLE_NOBODY, route_metrics},
    {"GET", "/v1/reviews", ROLE_VIEWER, route_reviews_list},
    {"POST", "/v1/reviews/:", ROLE_REVIEWER, route_reviews_post},
    {"GET", "/v1/events", ROLE_VIEWER, route_events},
    {"GET", "/v1/audit", ROLE_VIEWER, route_audit_list},
    {"GET", "/v1/audit/export", ROLE_VIEWER, route_audit_export},
    {"GET", "/v1/audit/:", ROLE_VIEWER, route_audit_show},
    {"GET", "/v1/audit/:/proof", ROLE_REVIEWER, route_audit_proof},
    {"GET", "/checkpoint", ROLE_NOBODY, route_log_checkpoint},
    {"GET", "/tile/entries/*", ROLE_REVIEWER, route_log_entries},
    {"GET", "/tile/*", ROLE_NOBODY, route_log_tile},
    {"GET", "/blob/*", ROLE_REVIEWER, route_log_blob},
    {"GET", "/v1/reports/incident", ROLE_VIEWER, route_report_incident},
    {"GET", "/v1/reports/:", ROLE_VIEWER, route_report_standard},
    {"GET", "/v1/agents", ROLE_VIEWER, route_agents_list},
    {"POST", "/v1/agents", ROLE_ADMIN, route_agents_add},
    {"GET", "/v1/agents/:", ROLE_VIEWER, route_agents_show},
    {"POST", "/v1/agents/:/disable", ROLE_ADMIN, route_agents_disable},
    {"GET", "/v1/credentials", ROLE_VIEWER, route_credentials_list},
    {"POST", "/v1/credentials", ROLE_ADMIN, route_credentials_add},
    {"POST", "/v1/credentials/exchange", ROLE_NOBODY, route_credentials_exchange},
    {"DELETE", "/v1/credentials/:", ROLE_ADMIN, route_credentials_revoke},
    {"GET", "/v1/keys", ROLE_VIEWER, route_keys_list},
    {"POST", "/v1/keys", ROLE_REVIEWER, route_keys_add},
    {"DELETE", "/v1/keys/:", ROLE_REVIEWER, route_keys_revoke},
    {"GET", "/v1/alerts", ROLE_VIEWER, route_alerts_list},
    {"GET", "/v1/operators", ROLE_VIEWER, route_operators_list},
    {"POST", "/v1/operators", ROLE_ADMIN, route_operators_add},
    {"DELETE", "/v1/operators/:", ROLE_ADMIN, route_operators_remove},
    {"GET", "/v1/kills", ROLE_VIEWER, route_kills_list},
    {"POST", "/v1/kills", ROLE_REVIEWER, route_kills_add},
    {"GET", "/v1/kills/:", ROLE_VIEWER, route_kills_show},
    {"DELETE", "/v1/kills/:", ROLE_REVIEWER, route_kills_lift},
    {"GET", "/v1/policy", ROLE_VIEWER, route_policy_get},
    {"PUT", "/v1/policy", ROLE_ADMIN, route_policy_put},
};

static bool match(const char *pattern, const char *path, char param[68])
{
	for (; *pattern; pattern++) {
		if (*pattern == '*') {
			size_t rest = strlen(path);
			if (rest == 0 || rest >= 68)
				return false;
			memcpy(param, path, rest + 1);
			return true;
		}
		if (*pattern != ':') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		size_t n = strcspn(path, "/");
		if (n == 0 || n >= 68)
			return false;
		memcpy(param, path, n);
		param[n] = '\0';
		path += n;
	}
	return *path == '\0';
}

const struct route *route_find(const char *method, const char *path, char param[68], bool *other_method)
{
	*other_method = false;
	if (!strcmp(method, "HEAD"))
		method = "GET"; /* the library leaves the body out */
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!match(routes[i].pattern, path, param))
			continue;
		if (!strcmp(routes[i].method, method))
			return &routes[i];
		*other_method = true;
	}
	return NULL;
}
