/* export_ocsf.c: Open Cybersecurity Schema Framework 1.3.0 (https://schema.ocsf.io/1.3.0).
 *
 * A command is Process Activity (1007): the agent is the actor, the account's process the process, what the
 * approver said the Security Control profile's action and disposition.  The rest is a table: sign-ins and
 * refusals are Authentication (3002), agents and operators Account Change (3001), the approver's own life
 * Application Lifecycle (6002), alerts Detection Finding (2004), and whatever else is made, changed or taken
 * away (credentials, keys, policy, delegations, kills, reviews) Entity Management (3004).  What the schema
 * has no place for is in `unmapped`, under our own names.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_formats.h"
#include "approver/export/export_ocsf.h"
#include "common/codec.h"
#include "common/text.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_metadata(struct buf *out, const struct export_item *item)
{
	put_open(out, "metadata", '{');
	put_int(out, "sequence", item->index);
	put_text(out, "version", "1.3.0");
	char uid[160];
	snprintf(uid, sizeof uid, "%s/%" PRId64, item->approver, item->index);
	put_text(out, "uid", uid);
	put_open(out, "product", '{');
	put_text(out, "name", "whosh");
	put_text(out, "vendor_name", "whosh");
	put_text(out, "version", WHOSH_VERSION);
	put_text(out, "uid", item->approver);
	put_close(out, '}');
	put_text(out, "log_name", "audit");
	put_text(out, "log_provider", "whoshd");
	put_text(out, "event_code", export_kind(item));
	put_int(out, "logged_time", item->ms);
	put_text(out, "correlation_uid", item->is_command ? item->row.session : export_body(item, "session"));
	if (item->is_command) {
		put_open(out, "profiles", '[');
		put_text(out, NULL, "host");
		put_text(out, NULL, "security_control");
		put_close(out, ']');
	}
	put_close(out, '}');
}

void put_pair(struct buf *out, const char *id, const char *name, const struct ocsf_pair *pair)
{
	put_int(out, id, pair->id);
	put_text(out, name, pair->caption);
}

void put_classification(struct buf *out, const struct export_item *item, const struct ocsf_class *class,
			const struct ocsf_pair *activity)
{
	static const struct ocsf_pair grave[] = {[GRAVE_ALERT] = {4, "High"},
						 [GRAVE_WARNING] = {3, "Medium"},
						 [GRAVE_NOTICE] = {2, "Low"},
						 [GRAVE_INFO] = {1, "Informational"}};
	char type[96];
	put_metadata(out, item);
	put_int(out, "category_uid", class->category.id);
	put_text(out, "category_name", class->category.caption);
	put_int(out, "class_uid", class->uid);
	put_text(out, "class_name", class->caption);
	put_pair(out, "activity_id", "activity_name", activity);
	snprintf(type, sizeof type, "%s: %s", class->caption, activity->caption);
	put_int(out, "type_uid", class->uid * 100 + activity->id);
	put_text(out, "type_name", type);
	put_int(out, "time", export_time(item));
	put_pair(out, "severity_id", "severity", &grave[export_severity(item)]);
	struct buf sentence BUF_AUTO = BUF_INIT;
	export_sentence(&sentence, item);
	put_bytes(out, "message", sentence.data ? sentence.data : "", sentence.len);
}

void put_ocsf_user(struct buf *out, const char *name, const char *uid, int64_t type_id, const char *type,
		   const char *credential)
{
	put_open(out, "user", '{');
	put_text(out, "name", name);
	put_text(out, "uid", uid);
	put_int(out, "type_id", type_id);
	put_text(out, "type", type);
	put_text(out, "credential_uid", credential);
	put_close(out, '}');
}

/* ── a command ─────────────────────────────────────────────────────────────────────────────────────────── */

static void put_verdict(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	bool person = row->cause && !strcmp(row->cause, "review");
	static const struct ocsf_pair unknown = {0, "Unknown"}, allowed = {1, "Allowed"},
				      denied = {2, "Denied"}, blocked = {2, "Blocked"},
				      approved = {8, "Approved"}, delayed = {14, "Delayed"},
				      rejected = {25, "Rejected"}, success = {1, "Success"},
				      failure = {2, "Failure"};
	bool not_run = row->outcome && !strcmp(row->outcome, "not_run");
	switch (export_allowed(item)) {
	case -1:
		put_pair(out, "status_id", "status", &unknown);
		put_pair(out, "action_id", "action", &unknown);
		put_pair(out, "disposition_id", "disposition", &delayed);
		break;
	case 0:
		put_pair(out, "status_id", "status", &failure);
		put_pair(out, "action_id", "action", &denied);
		put_pair(out, "disposition_id", "disposition", person ? &rejected : &blocked);
		break;
	default:
		put_pair(out, "status_id", "status", not_run ? &failure : &success);
		put_pair(out, "action_id", "action", &allowed);
		put_pair(out, "disposition_id", "disposition", person ? &approved : &allowed);
	}
	put_text(out, "status_detail", not_run && row->outcome_reason ? row->outcome_reason : row->reason);
	if (!row->rule && !row->policy)
		return;
	put_open(out, "policy", '{');
	put_text(out, "name", row->rule);
	put_text(out, "uid", row->policy);
	put_close(out, '}');
}

static void put_actor(struct buf *out, const struct command_row *row, const cJSON *detail)
{
	put_open(out, "actor", '{');
	put_ocsf_user(out, row->agent, row->agent, 99, "AI agent", row->credential);
	put_open(out, "session", '{');
	put_text(out, "uid", row->session);
	put_text(out, "credential_uid", row->credential);
	put_close(out, '}');
	put_text(out, "app_name", json_string(detail, "harness"));
	if (row->parent) {
		put_open(out, "process", '{');
		put_text(out, "uid", row->parent);
		put_close(out, '}');
	}
	put_close(out, '}');
}

static void put_process(struct buf *out, const struct command_row *row, const cJSON *detail)
{
	const char *interpreter = json_string(detail, "interpreter"), *tty = json_string(detail, "tty");
	char uid[24];
	int64_t number;
	bool has_uid = json_integer(detail, "uid", &number);
	snprintf(uid, sizeof uid, "%" PRId64, has_uid ? number : 0);
	put_open(out, "process", '{');
	put_text(out, "uid", row->id);
	put_bytes(out, "cmd_line", row->line ? row->line : "", row->line_len);
	if (interpreter) {
		const char *slash = strrchr(interpreter, '/'), *name = slash ? slash + 1 : interpreter;
		put_text(out, "name", name);
		put_open(out, "file", '{');
		put_text(out, "name", name);
		put_text(out, "path", interpreter);
		put_int(out, "type_id", 1);
		put_text(out, "type", "Regular File");
		put_close(out, '}');
	}
	put_ocsf_user(out, row->user, has_uid ? uid : NULL, has_uid && number == 0 ? 2 : 1,
		      has_uid && number == 0 ? "Admin" : "User", NULL);
	if (row->started)
		put_int(out, "created_time", row->started);
	if (row->ended)
		put_int(out, "terminated_time", row->ended);
	put_open(out, "session", '{');
	put_text(out, "uid", row->session);
	put_text(out, "terminal", tty);
	put_close(out, '}');
	if (row->parent) {
		put_open(out, "parent_process", '{');
		put_text(out, "uid", row->parent);
		put_close(out, '}');
	}
	put_close(out, '}');
}

static void put_unmapped(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	put_open(out, "unmapped", '{');
	put_whosh_command(out, item);
	if (!utf8_valid(row->line, row->line_len)) {
		struct buf encoded BUF_AUTO = BUF_INIT;
		base64_encode(&encoded, row->line, row->line_len);
		put_text(out, "line_b64", encoded.data);
	}
	put_close(out, '}');
}

static void command(struct buf *out, const struct export_item *item)
{
	static const struct ocsf_class class = {1007, "Process Activity", {1, "System Activity"}};
	static const struct ocsf_pair launch = {1, "Launch"};
	const struct command_row *row = &item->row;
	put_classification(out, item, &class, &launch);
	if (row->started)
		put_int(out, "start_time", row->started);
	if (row->ended)
		put_int(out, "end_time", row->ended);
	if (row->started && row->ended >= row->started)
		put_int(out, "duration", row->ended - row->started);
	put_verdict(out, item);
	put_actor(out, row, item->detail);
	put_open(out, "device", '{');
	put_text(out, "hostname", row->host);
	put_int(out, "type_id", 0);
	put_text(out, "type", "Unknown");
	put_close(out, '}');
	put_process(out, row, item->detail);
	if (row->has_exit)
		put_int(out, "exit_code", row->exit);
	put_unmapped(out, item);
}

void export_ocsf(struct buf *out, const struct export_item *item)
{
	put_open(out, NULL, '{');
	if (item->is_command)
		command(out, item);
	else
		put_ocsf_event(out, item);
	buf_adds(out, "}\n");
}
