/* credential.c: `whoctl credential list|revoke`: the keys that agents sign with; issuing is in issue.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/credential.h"
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "common/clock.h"
#include "common/text.h"
#include <string.h>

enum credential_state credential_state(const cJSON *credential, int64_t now_ms)
{
	int64_t revoked, expires;
	if (json_time(credential, "revoked", &revoked))
		return CREDENTIAL_REVOKED;
	if (json_true(credential, "agent_disabled"))
		return CREDENTIAL_DISABLED;
	if (!json_time(credential, "expires", &expires))
		return CREDENTIAL_GOOD;
	const char *source = json_string(credential, "source");
	if (json_string(credential, "replaced_by"))
		return expires <= now_ms ? CREDENTIAL_ENDED : CREDENTIAL_REPLACED;
	if (source && strcmp(source, "operator") != 0) /* short-lived, and renewed by who uses it */
		return expires <= now_ms ? CREDENTIAL_ENDED : CREDENTIAL_GOOD;
	if (expires <= now_ms)
		return CREDENTIAL_EXPIRED;
	return expires - now_ms < EXPIRING_S * INT64_C(1000) ? CREDENTIAL_EXPIRING : CREDENTIAL_GOOD;
}

static void state_cell(struct table *table, const cJSON *credential, int64_t now_ms)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t expires = 0;
	enum colour colour = COLOUR_RED;
	switch (credential_state(credential, now_ms)) {
	case CREDENTIAL_REVOKED:
		buf_adds(&text, "revoked");
		break;
	case CREDENTIAL_DISABLED:
		buf_adds(&text, "agent disabled");
		break;
	case CREDENTIAL_EXPIRED:
		buf_adds(&text, "expired");
		break;
	case CREDENTIAL_EXPIRING:
		json_time(credential, "expires", &expires);
		span_add(&text, (expires - now_ms) / 1000);
		buf_adds(&text, " left");
		colour = COLOUR_YELLOW;
		break;
	case CREDENTIAL_REPLACED:
		buf_adds(&text, "replaced, ");
		json_time(credential, "expires", &expires);
		span_add(&text, (expires - now_ms) / 1000);
		buf_adds(&text, " left");
		colour = COLOUR_YELLOW;
		break;
	case CREDENTIAL_ENDED:
		buf_adds(&text, json_string(credential, "replaced_by") ? "replaced" : "ended");
		colour = COLOUR_DIM;
		break;
	case CREDENTIAL_GOOD:
		buf_adds(&text, "good");
		colour = COLOUR_GREEN;
		break;
	}
	table_cell_coloured(table, colour, text.data);
}

void credentials_add(struct buf *out, const cJSON *credentials, const char *agent, const struct style *style)
{
	static const char *const titles[] = {"CREDENTIAL", "AGENT",     "OWNER",    "ISSUED", "AGE", "BY",
					     "EXPIRES",    "LAST USED", "REPLACES", "STATE",  NULL};
	struct table *table = table_new(titles);
	const cJSON *credential;
	int64_t now = clock_wall_ms();
	cJSON_ArrayForEach(credential, credentials)
	{
		const char *of = json_string(credential, "agent");
		if (agent && (!of || strcmp(of, agent) != 0))
			continue;
		struct buf issued BUF_AUTO = BUF_INIT, expires BUF_AUTO = BUF_INIT, used BUF_AUTO = BUF_INIT,
				  age BUF_AUTO = BUF_INIT;
		int64_t age_s;
		if (json_integer(credential, "age_s", &age_s))
			span_add(&age, age_s);
		json_time_add(&issued, credential, "issued", "");
		json_time_add(&expires, credential, "expires", "");
		json_time_add(&used, credential, "last_used", "never");
		table_cell(table, json_string(credential, "id"));
		table_cell(table, of);
		table_cell(table, json_string(credential, "owner"));
		table_cell(table, issued.data);
		table_cell(table, age.data);
		table_cell(table, json_string(credential, "issued_by"));
		table_cell(table, expires.data);
		table_cell(table, used.data);
		table_cell(table, json_string(credential, "replaces"));
		state_cell(table, credential, now);
	}
	table_add(out, table, style, "no credential has been issued");
	table_free(table);
}

static int list(struct ctl *ctl)
{
	cJSON *credentials JSON_AUTO = NULL;
	int status = api_list(ctl, "/v1/credentials", "credentials", &credentials);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(credentials);
	struct buf text BUF_AUTO = BUF_INIT;
	const cJSON *credential;
	if (!given(ctl, OPT_QUIET))
		credentials_add(&text, credentials, NULL, &ctl->style);
	else
		cJSON_ArrayForEach(credential, credentials)
		{
			json_visible_add(&text, credential, "id", "?");
			buf_addc(&text, '\n');
		}
	return output(&text);
}

static int revoke(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/credentials");
	path_add(&path, ctl->operand[0]);
	int status = api_json(ctl, "DELETE", path.data, NULL, NULL);
	if (status != 0)
		return status;
	buf_adds(&text, "revoked ");
	visible_add(&text, ctl->operand[0], strlen(ctl->operand[0]));
	buf_adds(&text, ": whatever it signs is refused from now on, and what runs by it is ended\n");
	return output(&text);
}

const struct verb verb_credential_list = {
    .name = "credential list",
    .operands = "",
    .help = "the keys that agents sign with, and how long they are good",
    .most = 0,
    .options = OPTION(JSON) | OPTION(QUIET),
    .run = list,
};

const struct verb verb_credential_revoke = {
    .name = "credential revoke",
    .operands = "ID",
    .help = "end a credential now",
    .least = 1,
    .most = 1,
    .run = revoke,
};
