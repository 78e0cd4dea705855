/* routes.h: every address of the approver, in one table.
 *
 * Each route_*.c serves one kind of thing and exports its handlers here; routes.c lists who may call what.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_ROUTES_H
#define WHOSH_HTTP_ROUTES_H

#include "approver/identity/registry.h"
#include "approver/http/request.h"

struct route {
	const char *method;
	const char *pattern; /* "/v1/audit/:": ":" is the parameter; a star at the end takes all the rest */
	enum role least;     /* ROLE_NOBODY: no operator needed (messages there prove themselves) */
	request_fn *run;
};

/* Find the route and put its parameter into `param`.  NULL: *other_method tells whether the address exists.
 */
const struct route *route_find(const char *method, const char *path, char param[68], bool *other_method);

request_fn route_command_post, route_command_withdraw, route_outcome_post, route_live_post;
request_fn route_agents_list, route_agents_add, route_agents_show, route_agents_disable;
request_fn route_credentials_list, route_credentials_add, route_credentials_revoke,
    route_credentials_exchange;
request_fn route_operators_list, route_operators_add, route_operators_remove;
request_fn route_reviews_list, route_reviews_post;
request_fn route_audit_list, route_audit_show, route_audit_proof, route_audit_export;
request_fn route_log_checkpoint, route_log_tile, route_log_entries, route_log_blob;
request_fn route_report_incident, route_report_standard;
request_fn route_delegations_post, route_delegations_start, route_delegations_prepare, route_delegations_list,
    route_delegations_revoke;
request_fn route_keys_list, route_keys_add, route_keys_revoke;
request_fn route_kills_list, route_kills_add, route_kills_show, route_kills_lift;
request_fn route_policy_get, route_policy_put;
request_fn route_alerts_list;
request_fn route_events, route_health, route_metrics;

#endif
