/* permit.c: write, sign and log a permit.
 *
 * Written by hand rather than printed from a tree: it is on the way of every command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/permit.h"
#include "common/json.h"
#include "common/log.h"
#include "common/uuid.h"
#include <string.h>

static void number(struct buf *out, const char *name, int64_t value)
{
	buf_adds(out, name);
	buf_add_integer(out, value);
}

static void string(struct buf *out, const char *name, const char *value)
{
	buf_adds(out, name);
	json_add_string(out, value ? value : "", value ? strlen(value) : 0);
}

int permit_decide(struct group *group, struct command_row *row, const struct decision *decision,
		  struct buf *out)
{
	const struct server_settings *settings = &group->server->settings;
	int64_t index = store_next_index(group->store), now = group->now / 1000;
	char jti[UUID_LEN + 1];
	uuid_new(jti);

	row->state = decision->approved ? COMMAND_APPROVED : COMMAND_DENIED;
	row->verdict = decision->approved ? "approved" : "denied";
	row->cause = (char *)(uintptr_t)decision->cause;
	row->reason = decision->reason && *decision->reason ? (char *)(uintptr_t)decision->reason : NULL;
	row->reviewers = (char *)(uintptr_t)decision->reviewers;
	row->decided = group->now;
	row->log_index = index;
	row->as_signed |= ROW_DECISION;

	struct buf claims BUF_AUTO = BUF_INIT;
	buf_reserve(&claims, 640);
	string(&claims, "{\"jti\":", jti);
	number(&claims, ",\"iat\":", now);
	number(&claims, ",\"exp\":", now + PERMIT_S);
	string(&claims, ",\"aud\":", row->agent);
	string(&claims, ",\"id\":", row->id);
	string(&claims, ",\"verdict\":", row->verdict);
	string(&claims, ",\"command_s256\":", row->command_s256);
	number(&claims, ",\"seq\":", row->seq);
	string(&claims, ",\"rule\":", row->rule);
	string(&claims, ",\"policy_s256\":", row->policy);
	buf_adds(&claims, ",\"reviewers\":");
	buf_adds(&claims, decision->reviewers);
	string(&claims, ",\"reason\":", decision->reason);
	string(&claims, ",\"cause\":", decision->cause);
	number(&claims, ",\"log_index\":", index);
	number(&claims, ",\"lease_s\":", settings->lease_s);
	buf_addc(&claims, '}');
	if (claims.failed || !jws_sign(out, JWS_PERMIT, claims.data, claims.len, settings->permit_key)) {
		log_line(LOG_LEVEL_ERROR, "a permit could not be signed", "id", row->id, NULL);
		return -1;
	}
	return store_append(group->store, EVENT_COMMAND_DECIDED, group->now, row->id, out->data, out->len) ==
		       index
		   ? 0
		   : -1;
}
