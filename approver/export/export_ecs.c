/* export_ecs.c: Elastic Common Schema 8.17.
 *
 * ECS' `agent.*` is the program that ships the record, and `user.*` the account that acts: the AI agent has
 * no name of its own there.  It is in related.user, for searches that ask "everything with this name", and
 * with the rest that ECS does not know under `whosh.*`, which ECS leaves to us (a custom field set).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_formats.h"
#include "approver/export/export_trace.h"
#include "approver/export/export_whosh.h"
#include "common/codec.h"
#include "common/text.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* event.category and event.type of what is not a command: of those that ECS allows together. */
static const struct kind {
	const char *category, *type;
} kinds[EVENT_KINDS] = {
    [EVENT_LOG_STARTED] = {"process", "start"},
    [EVENT_LOG_STOPPED] = {"process", "end"},
    [EVENT_REVIEW] = {"iam", "info"},
    [EVENT_AGENT_ADDED] = {"iam", "creation"},
    [EVENT_AGENT_DISABLED] = {"iam", "change"},
    [EVENT_CREDENTIAL_ISSUED] = {"iam", "creation"},
    [EVENT_CREDENTIAL_ROTATED] = {"iam", "change"},
    [EVENT_CREDENTIAL_REVOKED] = {"iam", "deletion"},
    [EVENT_POLICY_LOADED] = {"configuration", "change"},
    [EVENT_OPERATOR_SIGN_IN] = {"authentication", "start"},
    [EVENT_MODEL_CHANGED] = {"session", "info"},
    [EVENT_OPERATOR_CHANGED] = {"iam", "change"},
    [EVENT_REFUSED] = {"authentication", "start"},
    [EVENT_DELEGATION] = {"iam", "creation"},
    [EVENT_DELEGATION_REVOKED] = {"iam", "deletion"},
    [EVENT_KEY_ENROLLED] = {"iam", "creation"},
    [EVENT_KEY_REVOKED] = {"iam", "deletion"},
    [EVENT_COMMAND_OUTCOME] = {"intrusion_detection", "info"}, /* of what was never approved */
    [EVENT_ALERT] = {"intrusion_detection", "info"},
    [EVENT_KILL] = {"iam", "change"},
    [EVENT_UNMASKED] = {"iam", "info"},
    [EVENT_UNKILL] = {"iam", "change"},
};

static void put_list_of_one(struct buf *out, const char *name, const char *value)
{
	put_open(out, name, '[');
	put_text(out, NULL, value);
	put_close(out, ']');
}

static void put_event(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	const struct kind *kind = item->kind < EVENT_KINDS ? &kinds[item->kind] : NULL;
	int success = export_success(item);
	char id[160], action[64];
	snprintf(id, sizeof id, "%s/%" PRId64, item->approver, item->index);
	snprintf(action, sizeof action, "command-%s", row->verdict ? row->verdict : "requested");
	put_open(out, "event", '{');
	put_int(out, "sequence", item->index);
	put_text(out, "id", id);
	put_text(out, "kind",
		 item->kind == EVENT_ALERT || (item->kind == EVENT_COMMAND_OUTCOME && !item->is_command)
		     ? "alert"
		     : "event");
	put_list_of_one(out, "category",
			item->is_command         ? "process"
			: kind && kind->category ? kind->category
						 : "iam");
	put_list_of_one(out, "type",
			item->is_command     ? (row->ended     ? "end"
						: row->started ? "start"
							       : "info")
			: kind && kind->type ? kind->type
					     : "info");
	put_text(out, "action", item->is_command ? action : export_kind(item));
	put_text(out, "outcome", success < 0 ? "unknown" : success ? "success" : "failure");
	put_text(out, "module", "whosh");
	put_text(out, "dataset", "whosh.audit");
	put_text(out, "provider", "whoshd");
	put_text(out, "reason", item->is_command ? row->reason : export_body(item, "reason"));
	put_int(out, "severity", export_severity(item));
	put_time(out, "created", item->ms);
	if (item->is_command) {
		put_time(out, "start", row->started);
		put_time(out, "end", row->ended);
		if (row->started && row->ended >= row->started)
			put_int(out, "duration", (row->ended - row->started) * 1000000);
	}
	put_close(out, '}');
}

static void put_process(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	const char *interpreter = json_string(item->detail, "interpreter");
	const char *slash = interpreter ? strrchr(interpreter, '/') : NULL;
	char uid[24];
	int64_t number;
	put_open(out, "process", '{');
	put_text(out, "entity_id", row->id);
	put_bytes(out, "command_line", row->line ? row->line : "", row->line_len);
	put_text(out, "executable", interpreter);
	put_text(out, "name", slash ? slash + 1 : interpreter);
	put_text(out, "working_directory", row->cwd);
	put_time(out, "start", row->started);
	put_time(out, "end", row->ended);
	if (row->has_exit)
		put_int(out, "exit_code", row->exit);
	put_open(out, "user", '{');
	put_text(out, "name", row->user);
	if (json_integer(item->detail, "uid", &number)) {
		snprintf(uid, sizeof uid, "%" PRId64, number);
		put_text(out, "id", uid);
	}
	put_close(out, '}');
	if (row->parent) {
		put_open(out, "parent", '{');
		put_text(out, "entity_id", row->parent);
		put_close(out, '}');
	}
	put_close(out, '}');
}

static void put_object_with(struct buf *out, const char *object, const char *name, const char *value)
{
	if (!value)
		return;
	put_open(out, object, '{');
	put_text(out, name, value);
	put_close(out, '}');
}

static void put_related(struct buf *out, const char *const *users, const char *host)
{
	size_t from = out->len;
	put_open(out, "related", '{');
	size_t list = out->len;
	put_open(out, "user", '[');
	for (; *users; users++)
		if (**users)
			put_text(out, NULL, *users);
	put_close_unless_empty(out, ']', list);
	if (host)
		put_list_of_one(out, "hosts", host);
	put_close_unless_empty(out, '}', from);
}

static void command(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	const char *users[4] = {row->agent, NULL, NULL, NULL};
	int n = 1;
	if (row->human)
		users[n++] = row->human;
	if (row->user)
		users[n++] = row->user;
	put_process(out, item);
	put_object_with(out, "user", "name", row->user);
	if (row->host) {
		put_open(out, "host", '{');
		put_text(out, "name", row->host);
		put_text(out, "hostname", row->host);
		put_close(out, '}');
	}
	if (row->rule || row->policy) {
		put_open(out, "rule", '{');
		put_text(out, "name", row->rule);
		put_text(out, "ruleset", row->policy);
		put_close(out, '}');
	}
	put_related(out, users, row->host);
	struct trace trace;
	if (trace_read(&trace, json_string(item->detail, "trace"))) {
		put_object_with(out, "trace", "id", trace.id);
		put_object_with(out, "span", "id", trace.span);
	}
}

static void other(struct buf *out, const struct export_item *item)
{
	const char *users[3] = {NULL, NULL, NULL}, *operator= export_operator(item),
		   *agent = export_agent(item);
	unsigned char bytes[16];
	int n = 0;
	if (operator)
		users[n++] = operator;
	if (agent)
		users[n++] = agent;
	put_object_with(out, "user", "name", operator? operator: agent);
	put_related(out, users, NULL);
	const char *from = export_body(item, "from");
	if (from && (inet_pton(AF_INET, from, bytes) == 1 || inet_pton(AF_INET6, from, bytes) == 1))
		put_object_with(out, "source", "ip", from);
}

void export_ecs(struct buf *out, const struct export_item *item)
{
	struct buf sentence BUF_AUTO = BUF_INIT;
	put_open(out, NULL, '{');
	put_event(out, item);
	put_time(out, "@timestamp", export_time(item));
	put_object_with(out, "ecs", "version", "8.17.0");
	export_sentence(&sentence, item);
	put_bytes(out, "message", sentence.data ? sentence.data : "", sentence.len);
	put_open(out, "observer", '{');
	put_text(out, "vendor", "whosh");
	put_text(out, "product", "whoshd");
	put_text(out, "version", WHOSH_VERSION);
	put_text(out, "name", item->approver);
	put_close(out, '}');
	if (item->is_command)
		command(out, item);
	else
		other(out, item);
	put_open(out, "whosh", '{');
	put_text(out, "kind", export_kind(item));
	if (item->is_command) {
		put_whosh_command(out, item);
		if (!utf8_valid(item->row.line, item->row.line_len)) {
			struct buf encoded BUF_AUTO = BUF_INIT;
			base64_encode(&encoded, item->row.line, item->row.line_len);
			put_text(out, "line_b64", encoded.data);
		}
	} else {
		put_text(out, "subject", item->subject);
		put_json(out, "body", item->body);
		put_whosh_marks(out, item);
	}
	buf_adds(out, "}}\n");
}
