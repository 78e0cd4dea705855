/* record.c: a command's row as JSON.
 *
 * Each attribute also appears with its grade and where it came from: what an agent's key signed as its own
 * identity is proven; what the harness said of itself is claimed, whatever it is.  Nothing claimed is shown
 * as proven.
 *
 * What is told to people is a masked copy of the row (approver/secrets/row.h), so nothing here needs to know
 * where a secret may stand.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/command/claims.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/json.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_of(struct buf *out, const char *name)
{
	buf_adds(out, ",\"");
	buf_adds(out, name);
	buf_adds(out, "\":");
}

void record_text(struct buf *out, const char *name, const char *value)
{
	name_of(out, name);
	if (value)
		json_add_string(out, value, strlen(value));
	else
		buf_adds(out, "null");
}

/* JSON that was made here and stored. */
static void record_json(struct buf *out, const char *name, const char *json, const char *otherwise)
{
	name_of(out, name);
	buf_adds(out, json && *json ? json : otherwise);
}

void record_time(struct buf *out, const char *name, int64_t ms)
{
	char text[RFC3339_LEN + 1];
	if (ms)
		rfc3339_format(ms, text);
	record_text(out, name, ms ? text : NULL);
}

static void record_line(struct buf *out, const struct command_row *row)
{
	if (utf8_valid(row->line ? row->line : "", row->line_len)) {
		name_of(out, "line");
		json_add_string(out, row->line ? row->line : "", row->line_len);
		return;
	}
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, row->line, row->line_len);
	name_of(out, "line");
	json_add_string(out, visible.data ? visible.data : "", visible.len);
	buf_adds(out, ",\"line_b64\":\"");
	base64_encode(out, row->line, row->line_len);
	buf_addc(out, '"');
}

/* ── attributes with their grade ───────────────────────────────────────────────────────────────────────── */

static void attribute(struct buf *out, const char *name, const char *value, const char *grade,
		      const char *source)
{
	if (!value)
		return;
	if (out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	buf_addf(out, "\"%s\":{\"value\":", name);
	json_add_string(out, value, strlen(value));
	buf_addf(out, ",\"grade\":\"%s\",\"source\":", grade);
	json_add_string(out, source, strlen(source));
	buf_addc(out, '}');
}

static const char *source_of(const cJSON *sources, const char *name, const char *otherwise)
{
	const char *said = json_string(sources, name);
	return said ? said : otherwise;
}

/* "delegation by orchestrator-v2"; `otherwise` where there was none. */
static const char *delegated_by(const cJSON *delegation, char text[96], const char *otherwise)
{
	const char *by = json_string(delegation, "by");
	if (!by)
		return otherwise;
	snprintf(text, 96, "delegation by %.64s", by);
	return text;
}

/* What somebody's key signed is proven, what the approver vouches for attested, what only the agent said of
 * itself claimed. */
static const char *delegated_grade(const cJSON *delegation, const char *member, const char *otherwise)
{
	const char *proof = json_string(delegation, member);
	return !proof                      ? otherwise
	       : !strcmp(proof, "signed")  ? "proven"
	       : !strcmp(proof, "claimed") ? "claimed"
					   : "attested";
}

/* What has no member of its own in a record: of `detail`, which only one command's page has. */
static void detail_attributes(struct buf *out, const cJSON *detail)
{
	static const struct {
		const char *member, *source;
	} texts[] = {{"tty", "broker"},
		     {"interpreter", "broker"},
		     {"script", "broker"},
		     {"harness", "environment"},
		     {"trace", "TRACEPARENT"}};
	const cJSON *ssh = json_object(detail, "ssh");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		attribute(out, texts[i].member, json_string(detail, texts[i].member), "claimed",
			  texts[i].source);
	attribute(out, "ssh", json_string(ssh, "client"), "claimed", "SSH_CONNECTION");
	attribute(out, "ssh_original_command", json_string(ssh, "original_command"), "claimed",
		  "SSH_ORIGINAL_COMMAND");
}

static void attributes(struct buf *out, const struct command_row *row, const cJSON *detail, bool whole)
{
	const cJSON *sources = json_object(detail, "sources"),
		    *delegation = json_object(detail, "delegation");
	char by[96];
	name_of(out, "attributes");
	buf_addc(out, '{');
	attribute(out, "agent", row->agent, "proven", "signature");
	attribute(out, "credential", row->credential, "proven", "thumbprint of the key that signed");
	attribute(out, "credential_issued_by", json_string(detail, "credential_issued_by"), "proven",
		  "exchange of an identity token");
	attribute(out, "session", row->session, "proven",
		  source_of(sources, "session", "signed by its one key"));
	attribute(out, "human", row->human, delegated_grade(delegation, "human", "attested"),
		  delegation ? "principal chain" : "enrolment");
	attribute(out, "agent_version", row->agent_version, "claimed",
		  source_of(sources, "agent_version", "request"));
	attribute(out, "model", row->model, "claimed", source_of(sources, "model", "request"));
	attribute(out, "model_before", json_string(detail, "model_before"), "claimed",
		  "the session's earlier commands");
	attribute(out, "task", row->task, delegated_grade(delegation, "task", "claimed"),
		  delegated_by(delegation, by, source_of(sources, "task", "request")));
	attribute(out, "claimed_task", json_string(delegation, "claimed_task"), "claimed",
		  source_of(sources, "task", "request"));
	attribute(out, "task_sha256", json_string(detail, "task_sha256"), "claimed",
		  source_of(sources, "task_sha256", "request"));
	attribute(out, "parent", row->parent, "claimed", "WHOSH_COMMAND_ID");
	attribute(out, "user", row->user, "claimed", "broker");
	attribute(out, "host", row->host, "claimed", "broker");
	attribute(out, "cwd", row->cwd, "claimed", "broker");
	attribute(out, "mode", row->mode, "claimed", "broker");
	if (whole)
		detail_attributes(out, detail);
	buf_addc(out, '}');
}

/* What is given to the line, or what a session made of it: only where there is any. */
static void list_member(struct buf *out, const cJSON *detail, const char *name)
{
	const cJSON *list = json_array(detail, name);
	if (!list || !list->child)
		return;
	name_of(out, name);
	json_emit(out, list);
}

void record_open_masked(struct buf *out, const struct masked_row *masked, bool whole)
{
	const struct command_row *row = &masked->row;
	cJSON *detail JSON_AUTO = row->detail ? json_parse(row->detail, strlen(row->detail), NULL) : NULL;
	buf_reserve(out, 2048);
	buf_adds(out, "{\"id\":\"");
	buf_adds(out, row->id);
	buf_addc(out, '"');
	record_time(out, "ts", row->ts);
	record_text(out, "agent", row->agent);
	record_text(out, "agent_version", row->agent_version);
	record_text(out, "credential", row->credential);
	record_text(out, "session", row->session);
	buf_addf(out, ",\"seq\":%" PRId64, row->seq);
	record_text(out, "parent", row->parent);
	record_text(out, "human", row->human);
	record_json(out, "chain", row->chain, "[]");
	record_text(out, "model", row->model);
	record_text(out, "task", row->task);
	record_text(out, "user", row->user);
	record_text(out, "host", row->host);
	record_text(out, "cwd", row->cwd);
	record_text(out, "mode", row->mode);
	record_line(out, row);
	record_text(out, "verdict", row->verdict);
	record_text(out, "rule", row->rule);
	record_text(out, "policy", row->policy);
	record_json(out, "reviewers", row->reviewers, "[]");
	record_text(out, "reason", row->reason);
	if (row->has_exit)
		buf_addf(out, ",\"exit\":%d", row->exit);
	else
		buf_adds(out, ",\"exit\":null");
	record_text(out, "signal", row->signal);
	record_time(out, "started", row->started);
	record_time(out, "ended", row->ended);
	buf_addf(out, ",\"log_index\":%" PRId64, row->log_index);
	record_text(out, "state", command_state_name(row->state));
	record_text(out, "cause", row->cause);
	record_time(out, "decided", row->decided);
	record_text(out, "outcome", row->outcome);
	record_text(out, "outcome_reason", row->outcome_reason);
	record_text(out, "model_before", json_string(detail, "model_before"));
	record_text(out, "task_sha256", json_string(detail, "task_sha256"));
	list_member(out, detail, "argv");
	list_member(out, detail, "meaning");
	list_member(out, detail, "sourced");
	attributes(out, row, detail, whole);
	if (masked->marks)
		buf_adds(out, ",\"masked\":true");
}

void record_open(struct buf *out, const struct command_row *row, const struct secrets *secrets)
{
	struct masked_row masked;
	if (masked_row_init(&masked, row, secrets))
		record_open_masked(out, &masked, false);
	else
		out->failed = true; /* rather no answer than one with its secrets */
	masked_row_finish(&masked);
}

void record_masked_text(struct buf *out, const char *name, const char *value, const struct secrets *secrets)
{
	struct masking *masking = masking_new(secrets);
	struct buf text BUF_AUTO = BUF_INIT;
	if (masking && value)
		mask_text(masking, &text, value, strlen(value));
	record_text(out, name, value ? text.data ? text.data : "" : NULL);
	out->failed |= !masking || text.failed;
	masking_free(masking);
}

void record_masked_json(struct buf *out, const char *json, const struct secrets *secrets)
{
	struct masking *masking = masking_new(secrets);
	bool failed = !masking;
	char *masked = masking ? mask_json(masking, json, &failed) : NULL;
	buf_adds(out, masked ? masked : json);
	out->failed |= failed;
	free(masked);
	masking_free(masking);
}

void record_pending(struct buf *out, const struct command_row *row)
{
	record_time(out, "expires", row->expires);
	buf_addf(out, ",\"reviewers_needed\":%d,\"not_in_chain\":%s", row->reviewers_needed,
		 row->not_in_chain ? "true" : "false");
}
