/* route_credentials.c: the public keys by which agents are known.
 *
 * Private keys are made where they are used and never come here.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/people.h"
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/http/row_work.h"
#include "common/clock.h"
#include "common/jwk.h"
#include <string.h>

enum { DEFAULT_EXPIRES_S = 90 * 86400, MAX_EXPIRES_S = 3660 * 86400 };

/* The object is left open. */
static void emit_credential(struct buf *out, const struct credential_row *row)
{
	buf_adds(out, "{\"id\":");
	json_add_string(out, row->id, strlen(row->id));
	record_text(out, "agent", row->agent);
	record_time(out, "issued", row->issued);
	record_time(out, "not_before", row->not_before);
	record_time(out, "expires", row->expires);
	record_time(out, "revoked", row->revoked);
	record_time(out, "last_used", row->last_used);
	record_text(out, "issued_by", row->issued_by);
}

static void list_one(struct credential *credential, void *arg)
{
	struct buf *out = arg;
	struct credential_row row;
	credential_to_row(credential, &row);
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	emit_credential(out, &row);
	buf_addc(out, '}');
}

bool route_credentials_list(struct request *r)
{
	buf_adds(&r->out, "{\"credentials\":[");
	registry_credentials(r->server->registry, list_one, &r->out);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

static void answer_credential(struct request *r, const struct row_change *change)
{
	emit_credential(&r->out, &change->row.credential);
	record_text(&r->out, "aud", r->server->settings.name);
	buf_addc(&r->out, '}');
	answer_json(r, 201);
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

bool route_credentials_add(struct request *r)
{
	static const char *const names[] = {"agent", "jwk", "expires_s", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *agent_id = json_string(json, "agent");
	struct agent *agent = agent_id ? registry_agent(r->server->registry, agent_id) : NULL;
	int64_t expires_s = DEFAULT_EXPIRES_S, now = clock_wall_ms();
	struct credential_row row = {.issued = now,
				     .not_before = now - CLOCK_TOLERANCE_S * 1000,
				     .issued_by = r->operator_account->name};
	char id[S256_LEN + 1];
	if (cJSON_GetObjectItemCaseSensitive(json, "expires_s") &&
	    !json_integer(json, "expires_s", &expires_s))
		expires_s = 0;
	if (!agent)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such agent");
	if (agent->disabled)
		return answer_problem(r, PROBLEM_CONFLICT, "the agent is disabled");
	if (!jwk_read(json_object(json, "jwk"), row.key))
		return answer_problem(r, PROBLEM_MALFORMED, "jwk is not a usable Ed25519 public key");
	if (expires_s <= 0 || expires_s > MAX_EXPIRES_S)
		return answer_problem(r, PROBLEM_MALFORMED, "expires_s is 1 to ten years of seconds");
	key_thumbprint(row.key, id);
	if (registry_credential(r->server->registry, id) || people_key(r->server->people, id))
		return answer_problem(r, PROBLEM_CONFLICT, "this key was enrolled before");
	row.id = id;
	row.agent = agent->id;
	row.expires = now + expires_s * 1000;
	struct row_change change = {.kind = ROW_CREDENTIAL,
				    .must_be_new = true,
				    .event = EVENT_CREDENTIAL_ISSUED,
				    .subject = id,
				    .answer = answer_credential};
	change.row.credential = row;
	describe(&change.body, &row, r->operator_account->name);
	row_change_push(r->server, &change, r);
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
	describe(&change.body, row, r->operator_account->name);
	row_change_push(r->server, &change, r);
	return false;
}
