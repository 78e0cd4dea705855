/* route_credentials.c: the public keys by which agents are known.
 *
 * Private keys are made where they are used and never come here.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/credential_work.h"
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/identity/row_work.h"
#include "approver/kill/kill_work.h"
#include "common/clock.h"
#include "common/jwk.h"
#include <string.h>

enum {
	DEFAULT_EXPIRES_S = 90 * 86400,
	MAX_EXPIRES_S = 3660 * 86400,
	DEFAULT_OVERLAP_S = 3600,
	MAX_OVERLAP_S = 30 * 86400
};

static void list_one(struct credential *credential, void *arg)
{
	struct buf *out = arg;
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	credential_emit(out, credential);
	buf_addc(out, '}');
}

bool route_credentials_list(struct request *r)
{
	buf_adds(&r->out, "{\"credentials\":[");
	registry_credentials(r->server->registry, list_one, &r->out);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

static void describe(struct buf *out, const struct credential_row *row, const char *operator_name)
{
	buf_adds(out, "{\"credential\":");
	json_add_string(out, row->id, strlen(row->id));
	record_text(out, "agent", row->agent);
	record_time(out, "expires", row->expires);
	record_text(out, "operator", operator_name);
	buf_addc(out, '}');
}

/* A number of seconds that need not be there; false when it is none, or not one of least to most. */
static bool read_seconds(const cJSON *json, const char *name, int64_t least, int64_t most, int64_t *seconds)
{
	if (!cJSON_GetObjectItemCaseSensitive(json, name))
		return true;
	return json_integer(json, name, seconds) && *seconds >= least && *seconds <= most;
}

bool route_credentials_add(struct request *r)
{
	static const char *const names[] = {"agent", "jwk", "expires_s", "replaces", "overlap_s", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *agent_id = json_string(json, "agent"), *replaces = json_string(json, "replaces");
	struct registry *registry = r->server->registry;
	struct credential_ask ask = {.agent = agent_id ? registry_agent(registry, agent_id) : NULL,
				     .expires_s = DEFAULT_EXPIRES_S,
				     .overlap_s = DEFAULT_OVERLAP_S,
				     .rotate = replaces != NULL,
				     .by = r->operator_account->name};
	if (!ask.agent)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such agent");
	if (!jwk_ed25519(json_object(json, "jwk"), ask.key))
		return answer_problem(r, PROBLEM_MALFORMED, "jwk is not a usable Ed25519 public key");
	if (!read_seconds(json, "expires_s", 1, MAX_EXPIRES_S, &ask.expires_s))
		return answer_problem(r, PROBLEM_MALFORMED, "expires_s is 1 to ten years of seconds");
	if (cJSON_GetObjectItemCaseSensitive(json, "replaces") &&
	    (!replaces || strcmp(replaces, "current") != 0))
		return answer_problem(r, PROBLEM_MALFORMED, "replaces is \"current\" when it is there");
	if (!ask.rotate && cJSON_GetObjectItemCaseSensitive(json, "overlap_s"))
		return answer_problem(r, PROBLEM_MALFORMED, "overlap_s goes with replaces");
	if (!read_seconds(json, "overlap_s", 0, MAX_OVERLAP_S, &ask.overlap_s))
		return answer_problem(r, PROBLEM_MALFORMED, "overlap_s is 0 to 30 days of seconds");
	key_thumbprint(ask.key, ask.id);
	struct credential *known = registry_credential(registry, ask.id);
	if (known)
		return refuse_known_key(r, known, ask.agent);
	credential_work_push(&ask, r);
	return false;
}

bool route_credentials_revoke(struct request *r)
{
	struct credential *credential = registry_credential(r->server->registry, r->param);
	if (!credential)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such credential");
	if (credential->revoked)
		return answer_empty(r);
	struct row_change change = {
	    .kind = ROW_CREDENTIAL, .event = EVENT_CREDENTIAL_REVOKED, .subject = credential->id};
	struct credential_row *row = &change.row.credential;
	credential_to_row(credential, row);
	row->revoked = clock_wall_ms();
	row->revoked_by = r->operator_account->name;
	change.kill = kill_of_revoked(KILL_CREDENTIAL, credential->id, "its credential was revoked",
				      r->operator_account->name);
	if (!change.kill)
		return answer_unavailable(r);
	describe(&change.body, row, r->operator_account->name);
	row_change_push(r->server, &change, r);
	return false;
}
