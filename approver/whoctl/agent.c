/* agent.c: `whoctl agent add|list|show|disable`: the agents that are enrolled.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/credential.h"
#include "approver/whoctl/record.h"
#include "common/text.h"
#include <string.h>

/* 0, or 2 after saying what an ID may look like. */
static int check_name(struct ctl *ctl, const char *what, const char *name)
{
	if (name_valid(name))
		return 0;
	return complain_usage(
	    ctl, "\"%s\" cannot be %s: 1 to 64 of A-Z a-z 0-9 . _ - @, beginning with a letter or digit",
	    name, what);
}

static int add(struct ctl *ctl)
{
	const char *id = ctl->operand[0], *owner = ctl->option[OPT_OWNER];
	int status = check_name(ctl, "an agent's ID", id);
	if (status == 0 && owner)
		status = check_name(ctl, "a person's name", owner);
	if (status != 0)
		return status;
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *row JSON_AUTO = NULL;
	cJSON_AddStringToObject(body, "id", id);
	if (owner)
		cJSON_AddStringToObject(body, "owner", owner);
	if (given(ctl, OPT_DELEGATED))
		cJSON_AddTrueToObject(body, "delegated");
	status = api_send(ctl, "POST", "/v1/agents", body, &row);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(row ? row : body);
	struct buf text BUF_AUTO = BUF_INIT;
	if (row && json_string(row, "owner"))
		owner = json_string(row, "owner");
	buf_addf(&text, "enrolled %s%s%s; next: whoctl credential issue %s --out FILE\n", id,
		 owner ? " for " : "", owner ? owner : "", id);
	return output(&text);
}

static void agent_row_add(struct table *table, const cJSON *agent)
{
	struct buf created BUF_AUTO = BUF_INIT, used BUF_AUTO = BUF_INIT, count BUF_AUTO = BUF_INIT;
	int64_t credentials = 0;
	json_integer(agent, "credentials", &credentials);
	buf_addf(&count, "%lld", (long long)credentials);
	json_time_add(&created, agent, "created", "");
	json_time_add(&used, agent, "last_used", "never");
	table_cell(table, json_string(agent, "id"));
	table_cell(table, json_string(agent, "owner"));
	table_cell(table, count.data);
	table_cell(table, created.data);
	table_cell(table, used.data);
	bool disabled = json_true(agent, "disabled");
	table_cell_coloured(table, disabled ? COLOUR_RED : COLOUR_GREEN,
			    disabled                        ? "disabled"
			    : json_true(agent, "delegated") ? "on delegation only"
							    : "enabled");
}

static const char *const titles[] = {"AGENT", "OWNER", "CREDENTIALS", "ENROLLED", "LAST USED", "STATE", NULL};

static int list(struct ctl *ctl)
{
	cJSON *agents JSON_AUTO = NULL;
	int status = api_list(ctl, "/v1/agents", "agents", &agents);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(agents);
	struct buf text BUF_AUTO = BUF_INIT;
	struct table *table = table_new(titles);
	const cJSON *agent;
	cJSON_ArrayForEach(agent, agents)
	{
		agent_row_add(table, agent);
		if (given(ctl, OPT_QUIET)) {
			json_visible_add(&text, agent, "id", "?");
			buf_addc(&text, '\n');
		}
	}
	if (!given(ctl, OPT_QUIET))
		table_add(&text, table, &ctl->style,
			  "no agent is enrolled yet: whoctl agent add ID --owner HUMAN");
	table_free(table);
	return output(&text);
}

/* The agent, its credentials, and what it last did. */
static int show(struct ctl *ctl)
{
	const char *id = ctl->operand[0];
	struct buf path BUF_AUTO = BUF_INIT, recent BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	cJSON *agent JSON_AUTO = NULL, *credentials JSON_AUTO = NULL, *commands JSON_AUTO = NULL;
	buf_adds(&path, "/v1/agents");
	path_add(&path, id);
	buf_adds(&recent, "/v1/audit");
	query_add(&recent, "agent", id);
	query_add(&recent, "limit", "5");
	int status = api_json(ctl, "GET", path.data, NULL, &agent);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return agent ? json_output(agent)
			     : complain(EXIT_UNREACHABLE, "the approver's answer is no agent");
	status = api_list(ctl, "/v1/credentials", "credentials", &credentials);
	if (status == 0)
		status = api_list(ctl, recent.data, "commands", &commands);
	if (status != 0)
		return status;

	struct table *table = table_new(titles);
	agent_row_add(table, agent);
	table_add(&text, table, &ctl->style, "");
	table_free(table);
	buf_addc(&text, '\n');
	credentials_add(&text, credentials, id, &ctl->style);
	const cJSON *command;
	cJSON_ArrayForEach(command, commands)
	{
		buf_adds(&text, command == commands->child ? "\n" : "");
		who_entry_add(&text, command, &ctl->style);
	}
	return output(&text);
}

static int disable(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/agents");
	path_add(&path, ctl->operand[0]);
	buf_adds(&path, "/disable");
	int status = api_json(ctl, "POST", path.data, &(struct buf)BUF_INIT, NULL);
	if (status != 0)
		return status;
	buf_adds(&text, "disabled ");
	visible_add(&text, ctl->operand[0], strlen(ctl->operand[0]));
	buf_adds(&text, ": its commands are refused from now on, and what it runs is ended\n");
	return output(&text);
}

const struct verb verb_agent_add = {
    .name = "agent add",
    .operands = "ID",
    .help = "enrol an agent",
    .least = 1,
    .most = 1,
    .options = OPTION(OWNER) | OPTION(DELEGATED) | OPTION(JSON),
    .run = add,
};

const struct verb verb_agent_list = {
    .name = "agent list",
    .operands = "",
    .help = "the agents that are enrolled",
    .most = 0,
    .options = OPTION(JSON) | OPTION(QUIET),
    .run = list,
};

const struct verb verb_agent_show = {
    .name = "agent show",
    .operands = "ID",
    .help = "one agent, its credentials, its last commands",
    .least = 1,
    .most = 1,
    .options = OPTION(JSON),
    .run = show,
};

const struct verb verb_agent_disable = {
    .name = "agent disable",
    .operands = "ID",
    .help = "refuse an agent's commands from now on",
    .least = 1,
    .most = 1,
    .run = disable,
};
