/* route_agents.c: who is enrolled.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/identity/row_work.h"
#include "approver/kill/kill_work.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

static void emit_agent(struct buf *out, const struct agent_row *row)
{
	buf_adds(out, "{\"id\":");
	json_add_string(out, row->id, strlen(row->id));
	record_text(out, "owner", row->owner);
	record_time(out, "created", row->created);
	buf_addf(out, ",\"disabled\":%s,\"delegated\":%s,\"credentials\":%" PRId64,
		 row->disabled ? "true" : "false", row->delegated ? "true" : "false", row->credentials);
	record_time(out, "last_used", row->last_used);
	buf_addc(out, '}');
}

static void list_one(struct agent *agent, void *arg)
{
	struct buf *out = arg;
	struct agent_row row;
	agent_to_row(agent, &row);
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	emit_agent(out, &row);
}

bool route_agents_list(struct request *r)
{
	buf_adds(&r->out, "{\"agents\":[");
	registry_agents(r->server->registry, list_one, &r->out);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

bool route_agents_show(struct request *r)
{
	struct agent *agent = registry_agent(r->server->registry, r->param);
	if (!agent)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such agent");
	struct agent_row row;
	agent_to_row(agent, &row);
	emit_agent(&r->out, &row);
	return answer_json(r, 200);
}

static void answer_agent(struct request *r, const struct row_change *change)
{
	emit_agent(&r->out, &change->row.agent);
	answer_json(r, 201);
}

bool route_agents_add(struct request *r)
{
	static const char *const names[] = {"id", "owner", "delegated", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *id = json_string(json, "id"), *owner = json_string(json, "owner");
	if (!owner) /* someone answers for every agent */
		owner = r->operator_account->name;
	if (!id || !name_valid(id) || !name_valid(owner))
		return answer_problem(
		    r, PROBLEM_MALFORMED,
		    "an ID is 1 to 64 of A-Z a-z 0-9 . _ - @, beginning with a letter or digit");
	if (cJSON_HasObjectItem(json, "delegated") &&
	    !cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(json, "delegated")))
		return answer_problem(r, PROBLEM_MALFORMED, "delegated is true or false");
	if (registry_agent(r->server->registry, id))
		return answer_problemf(r, PROBLEM_CONFLICT, "agent %s exists already", id);
	struct row_change change = {.kind = ROW_AGENT,
				    .must_be_new = true,
				    .event = EVENT_AGENT_ADDED,
				    .subject = id,
				    .answer = answer_agent};
	change.row.agent = (struct agent_row){.id = (char *)(uintptr_t)id,
					      .owner = (char *)(uintptr_t)owner,
					      .created = clock_wall_ms(),
					      .delegated = json_true(json, "delegated")};
	buf_adds(&change.body, "{\"agent\":");
	json_add_string(&change.body, id, strlen(id));
	record_text(&change.body, "owner", owner);
	if (change.row.agent.delegated)
		buf_adds(&change.body, ",\"delegated\":true");
	record_text(&change.body, "operator", r->operator_account->name);
	buf_addc(&change.body, '}');
	row_change_push(r->server, &change, r);
	return false;
}

bool route_agents_disable(struct request *r)
{
	struct agent *agent = registry_agent(r->server->registry, r->param);
	if (!agent)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such agent");
	if (agent->disabled)
		return answer_empty(r);
	struct row_change change = {.kind = ROW_AGENT, .event = EVENT_AGENT_DISABLED, .subject = agent->id};
	agent_to_row(agent, &change.row.agent);
	change.row.agent.disabled = true;
	change.kill =
	    kill_of_revoked(KILL_AGENT, agent->id, "the agent was disabled", r->operator_account->name);
	if (!change.kill)
		return answer_unavailable(r);
	buf_adds(&change.body, "{\"agent\":");
	json_add_string(&change.body, agent->id, strlen(agent->id));
	record_text(&change.body, "operator", r->operator_account->name);
	buf_addc(&change.body, '}');
	row_change_push(r->server, &change, r);
	return false;
}
