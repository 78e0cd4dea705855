/* derive.c: rows out of signed messages.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/derive.h"
#include "common/clock.h"
#include "common/jws.h"
#include <string.h>

/* Rows take char * because the store hands them out owned; what is handed in is only read. */
static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* A permit says nothing by an empty text. */
static char *some(const char *text)
{
	return text && *text ? lent(text) : NULL;
}

void derived_finish(struct derived *derived)
{
	command_claims_finish(&derived->claims);
	outcome_claims_finish(&derived->outcome);
	cJSON_Delete(derived->permit);
	buf_finish(&derived->payload);
	buf_finish(&derived->detail);
	buf_finish(&derived->reviewers);
	*derived = (struct derived){0};
}

void derive_claims(struct command_row *row, const struct command_claims *claims)
{
	row->id = lent(claims->jti);
	row->agent = lent(claims->sub);
	row->agent_version = lent(claims->agent_version);
	row->session = lent(claims->sid);
	row->parent = lent(claims->parent);
	row->model = lent(claims->model);
	row->user = lent(claims->user);
	row->host = lent(claims->host);
	row->cwd = lent(claims->cwd);
	row->mode = lent(claims->mode);
	row->line = lent(claims->line);
	row->line_len = claims->line_len;
}

bool derive_command(struct command_row *row, struct derived *derived, const char *jws, size_t len)
{
	char why[160];
	if (!jws_open(jws, len, JWS_COMMAND, &derived->payload) ||
	    !command_claims_parse(&derived->claims, derived->payload.data, derived->payload.len, why))
		return false;
	derive_claims(row, &derived->claims);
	command_claims_detail(&derived->claims, &derived->detail);
	s256(jws, len, derived->s256);
	memcpy(derived->tail, jws + len - TAIL_LENGTH, TAIL_LENGTH);
	row->task = lent(derived->claims.task);
	row->detail = derived->detail.data;
	row->command_s256 = derived->s256;
	row->live_tail = derived->tail;
	return !derived->detail.failed;
}

void derive_chain_head(struct buf *out, const char *agent, const char *owner, int64_t since)
{
	char when[RFC3339_LEN + 1];
	rfc3339_format(since, when);
	buf_adds(out, "[{\"type\":\"human\",\"id\":");
	json_add_string(out, owner, strlen(owner));
	buf_addf(out, ",\"authorized_at\":\"%s\",\"proof\":\"attested\"},{\"type\":\"agent\",\"id\":", when);
	json_add_string(out, agent, strlen(agent));
}

void derive_chain_end(struct buf *out, const char *task)
{
	if (task) {
		buf_adds(out, ",\"task\":");
		json_add_string(out, task, strlen(task));
		buf_adds(out, ",\"task_grade\":\"claimed\""); /* the proof is of the agent */
	}
	buf_adds(out, ",\"proof\":\"proven\"}]");
}

bool derive_decision(struct command_row *row, struct derived *derived, const char *jws, size_t len)
{
	buf_clear(&derived->payload);
	if (!jws_open(jws, len, JWS_PERMIT, &derived->payload) ||
	    !(derived->permit = json_parse(derived->payload.data, derived->payload.len, NULL)))
		return false;
	const cJSON *permit = derived->permit;
	json_emit(&derived->reviewers, json_array(permit, "reviewers"));
	row->id = lent(json_string(permit, "id"));
	row->verdict = lent(json_string(permit, "verdict"));
	row->cause = lent(json_string(permit, "cause"));
	row->rule = some(json_string(permit, "rule"));
	row->policy = some(json_string(permit, "policy_s256"));
	row->reason = some(json_string(permit, "reason"));
	row->reviewers = derived->reviewers.data;
	if (!row->id || !row->verdict || !json_integer(permit, "log_index", &row->log_index) ||
	    !json_integer(permit, "seq", &row->seq) || derived->reviewers.failed)
		return false;
	row->state = strcmp(row->verdict, "approved") ? COMMAND_DENIED : COMMAND_APPROVED;
	return true;
}

void derive_outcome_claims(struct command_row *row, const struct outcome_claims *claims)
{
	row->id = lent(claims->command);
	row->state = strcmp(claims->outcome, "lost") ? COMMAND_EXITED : COMMAND_LOST;
	row->has_exit = claims->has_exit;
	row->exit = (int)claims->exit;
	row->signal = lent(claims->signal);
	row->outcome = lent(claims->outcome);
	row->outcome_reason = lent(claims->reason);
	row->started = claims->started;
	row->ended = claims->ended;
}

bool derive_outcome(struct command_row *row, struct derived *derived, const char *jws, size_t len)
{
	char why[160];
	buf_clear(&derived->payload);
	if (!jws_open(jws, len, JWS_OUTCOME, &derived->payload) ||
	    !outcome_claims_parse(&derived->outcome, derived->payload.data, derived->payload.len, why))
		return false;
	derive_outcome_claims(row, &derived->outcome);
	return true;
}
