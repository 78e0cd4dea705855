/* newtoken.c: what `credential issue` and `credential exchange` have in common.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/newtoken.h"
#include "approver/whoctl/human.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include "common/token.h"
#include <stdlib.h>
#include <string.h>

#define TOKEN_ROOM 4096
#define VERSION_MAX 64

int newtoken_version_good(const struct ctl *ctl)
{
	const char *version = ctl->option[OPT_AGENT_VERSION];
	if (!version || (*version && strlen(version) <= VERSION_MAX && utf8_valid(version, strlen(version))))
		return 0;
	return complain_usage(ctl, "--agent-version is a text of at most %d bytes", VERSION_MAX);
}

int newtoken_format(const cJSON *row, const char *agent, const char *agent_version, struct signing_key *key,
		    struct buf *out)
{
	unsigned char x[KEY_BYTES];
	struct token token = {.key = key};
	signing_key_export(key, NULL, x);
	key_thumbprint(x, token.credential);
	const char *id = json_string(row, "id"), *sub = json_string(row, "agent"),
		   *aud = json_string(row, "aud");
	int64_t from, until;
	if (!id || strcmp(id, token.credential) != 0 || !sub || (agent && strcmp(sub, agent) != 0) || !aud ||
	    !json_time(row, "expires", &until))
		return complain(EXIT_UNREACHABLE,
				"the approver's answer is not the credential that was asked for");
	if (!json_time(row, "not_before", &from))
		from = clock_wall_ms();
	token.nbf = from / 1000;
	token.exp = until / 1000;
	token.sub = strdup(sub);
	token.aud = strdup(aud);
	token.agent_version = agent_version ? strdup(agent_version) : NULL;
	bool ok = token.sub && token.aud && (!agent_version || token.agent_version);
	if (ok && buf_reserve(out, TOKEN_ROOM)) /* at once: growing would leave copies of the key behind */
		token_format(out, &token);
	free(token.sub);
	free(token.aud);
	free(token.agent_version);
	return ok && !out->failed ? 0 : complain(EXIT_FAILED, "out of memory");
}

int newtoken_told(struct ctl *ctl, const cJSON *row)
{
	const char *file = ctl->option[OPT_OUT];
	if (given(ctl, OPT_JSON)) {
		cJSON *copy JSON_AUTO = cJSON_Duplicate(row, true);
		cJSON_AddStringToObject(copy, "token_file", file);
		return json_output(copy);
	}
	struct buf text BUF_AUTO = BUF_INIT, until BUF_AUTO = BUF_INIT;
	json_time_add(&until, row, "expires", "?");
	buf_addf(&text, "issued %s to %s, good until %s, in %s\n", json_string(row, "id"),
		 json_string(row, "agent"), until.data ? until.data : "?", file);
	return output(&text);
}
