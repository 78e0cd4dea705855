/* delegation.c: `whoctl delegation list|revoke`: what was handed on to whom, and the end of it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"
#include "common/clock.h"
#include "common/text.h"
#include <string.h>

static void state_cell(struct table *table, const cJSON *hop, int64_t now_ms)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t revoked, expires = 0;
	if (json_time(hop, "revoked", &revoked)) {
		buf_adds(&text, "revoked");
		if (json_string(hop, "revoked_by"))
			buf_addf(&text, " by %s", json_string(hop, "revoked_by"));
		table_cell_coloured(table, COLOUR_RED, text.data);
	} else if (json_time(hop, "expires", &expires) && expires <= now_ms) {
		table_cell_coloured(table, COLOUR_RED, "expired");
	} else {
		span_add(&text, (expires - now_ms) / 1000);
		buf_adds(&text, " left");
		table_cell_coloured(table, COLOUR_GREEN, text.data);
	}
}

static void row(struct table *table, const cJSON *hop, int64_t now_ms)
{
	struct buf issued BUF_AUTO = BUF_INIT, depth BUF_AUTO = BUF_INIT;
	int64_t number;
	json_time_add(&issued, hop, "issued", "");
	if (json_integer(hop, "depth", &number))
		buf_addf(&depth, "%lld", (long long)number);
	table_cell(table, json_string(hop, "jti"));
	table_cell(table, issued.data);
	table_cell(table, json_string(hop, "human"));
	table_cell(table, json_string(hop, "issuer"));
	table_cell(table, json_string(hop, "agent"));
	table_cell(table, depth.data);
	table_cell(table, json_string(hop, "proof"));
	state_cell(table, hop, now_ms);
	table_cell(table, json_string(hop, "task"));
}

static int list(struct ctl *ctl)
{
	static const char *const titles[] = {"DELEGATION", "MADE",  "FOR",   "BY",   "TO",
					     "DEPTH",      "PROOF", "STATE", "TASK", NULL};
	cJSON *hops JSON_AUTO = NULL;
	const cJSON *hop;
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/delegations");
	query_add(&path, "agent", ctl->option[OPT_AGENT]);
	query_add(&path, "human", ctl->option[OPT_HUMAN]);
	query_add(&path, "all", given(ctl, OPT_ALL) ? "1" : NULL);
	int status = api_list(ctl, path.data, "delegations", &hops);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(hops);
	struct table *table = table_new(titles);
	cJSON_ArrayForEach(hop, hops)
	{
		if (!given(ctl, OPT_QUIET)) {
			row(table, hop, clock_wall_ms());
			continue;
		}
		json_visible_add(&text, hop, "jti", "?");
		buf_addc(&text, '\n');
	}
	if (!given(ctl, OPT_QUIET))
		table_add(&text, table, &ctl->style, "nothing is delegated");
	table_free(table);
	return output(&text);
}

static int revoke(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	if (!uuid_valid(ctl->operand[0]))
		return complain_usage(ctl, "\"%s\" is no delegation's ID", ctl->operand[0]);
	buf_adds(&path, "/v1/delegations");
	path_add(&path, ctl->operand[0]);
	int status = api_json(ctl, "DELETE", path.data, NULL, NULL);
	if (status != 0)
		return status;
	buf_addf(&text, "revoked %s: it and all that came of it are refused from now on\n", ctl->operand[0]);
	return output(&text);
}

const struct verb verb_delegation_list = {
    .name = "delegation list",
    .operands = "",
    .help = "what was handed on to whom, newest first",
    .most = 0,
    .options = OPTION(AGENT) | OPTION(HUMAN) | OPTION(ALL) | OPTION(JSON) | OPTION(QUIET),
    .run = list,
};

const struct verb verb_delegation_revoke = {
    .name = "delegation revoke",
    .operands = "ID",
    .help = "end a delegation, and all that came of it, now",
    .least = 1,
    .most = 1,
    .run = revoke,
};
