/* export_otel.c: OpenTelemetry logs: a line is an ExportLogsServiceRequest in OTLP/JSON with one log record,
 * as a collector's otlpjsonfile receiver reads it.
 *
 * Attributes have the names of the semantic conventions (gen_ai.*, process.*, user.*, host.*); what they have
 * no name for is whosh.*.  The one tool that an agent calls here is its shell.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_formats.h"
#include "approver/export/export_json.h"
#include "approver/export/export_trace.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ── attributes: {"key":…,"value":{"stringValue":…}} ───────────────────────────────────────────────────── */

static void open_attribute(struct buf *out, const char *key)
{
	put_open(out, NULL, '{');
	put_text(out, "key", key);
	put_open(out, "value", '{');
}

static void close_attribute(struct buf *out)
{
	buf_adds(out, "}}");
}

static void text_n(struct buf *out, const char *key, const char *value, size_t len)
{
	open_attribute(out, key);
	put_bytes(out, "stringValue", value, len);
	close_attribute(out);
}

static void text(struct buf *out, const char *key, const char *value)
{
	if (value && *value)
		text_n(out, key, value, strlen(value));
}

/* 64-bit integers are strings in protobuf's JSON. */
static void decimal(struct buf *out, const char *name, int64_t value)
{
	char number[24];
	snprintf(number, sizeof number, "%" PRId64, value);
	put_text(out, name, number);
}

static void integer(struct buf *out, const char *key, int64_t value)
{
	open_attribute(out, key);
	decimal(out, "intValue", value);
	close_attribute(out);
}

static void when(struct buf *out, const char *key, int64_t ms)
{
	char time[RFC3339_LEN + 1];
	if (!ms)
		return;
	rfc3339_format(ms, time);
	text(out, key, time);
}

/* provider/name@version: the provider apart, as gen_ai.* has it. */
static void model(struct buf *out, const char *name)
{
	const char *slash = name ? strchr(name, '/') : NULL;
	if (slash && slash > name)
		text_n(out, "gen_ai.provider.name", name, (size_t)(slash - name));
	text(out, "gen_ai.request.model", slash ? slash + 1 : name);
}

static void line(struct buf *out, const struct command_row *row)
{
	text_n(out, "process.command_line", row->line ? row->line : "", row->line_len);
	if (utf8_valid(row->line, row->line_len))
		return;
	struct buf encoded BUF_AUTO = BUF_INIT;
	base64_encode(&encoded, row->line, row->line_len);
	text(out, "whosh.line_b64", encoded.data);
}

static void command(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	const char *interpreter = json_string(item->detail, "interpreter");
	const char *slash = interpreter ? strrchr(interpreter, '/') : NULL;
	int64_t uid;
	text(out, "gen_ai.operation.name", "execute_tool");
	text(out, "gen_ai.tool.name", "whosh");
	text(out, "gen_ai.tool.type", "function");
	text(out, "gen_ai.tool.call.id", row->id);
	text(out, "gen_ai.agent.id", row->agent);
	text(out, "gen_ai.agent.name", row->agent);
	text(out, "gen_ai.agent.version", row->agent_version);
	text(out, "gen_ai.conversation.id", row->session);
	model(out, row->model);
	line(out, row);
	text(out, "process.executable.path", interpreter);
	text(out, "process.executable.name", slash ? slash + 1 : interpreter);
	text(out, "process.working_directory", row->cwd);
	text(out, "process.owner", row->user);
	if (json_integer(item->detail, "uid", &uid))
		integer(out, "process.user.id", uid);
	when(out, "process.creation.time", row->started);
	when(out, "process.exit.time", row->ended);
	if (row->has_exit)
		integer(out, "process.exit.code", row->exit);
	text(out, "user.name", row->human);
	text(out, "host.name", row->host);
	text(out, "session.id", row->session);
	text(out, "whosh.credential", row->credential);
	integer(out, "whosh.seq", row->seq);
	text(out, "whosh.parent", row->parent);
	text(out, "whosh.task", row->task);
	text(out, "whosh.chain", row->chain);
	text(out, "whosh.mode", row->mode);
	text(out, "whosh.verdict", row->verdict);
	text(out, "whosh.cause", row->cause);
	text(out, "whosh.rule", row->rule);
	text(out, "whosh.policy", row->policy);
	text(out, "whosh.reviewers", row->reviewers);
	text(out, "whosh.reason", row->reason);
	text(out, "whosh.outcome", row->outcome);
	text(out, "whosh.outcome_reason", row->outcome_reason);
	text(out, "whosh.signal", row->signal);
}

static void other(struct buf *out, const struct export_item *item)
{
	struct buf body BUF_AUTO = BUF_INIT;
	text(out, "gen_ai.agent.id", export_agent(item));
	text(out, "user.name", export_operator(item));
	text(out, "session.id", export_body(item, "session"));
	text(out, "whosh.subject", item->subject);
	put_json(&body, NULL, item->body);
	text(out, "whosh.body", body.data);
}

static void record(struct buf *out, const struct export_item *item)
{
	int grave = export_severity(item);
	char event[64];
	put_open(out, NULL, '{');
	put_open(out, "attributes", '[');
	integer(out, "whosh.index", item->index);
	char uid[160];
	snprintf(uid, sizeof uid, "%s/%" PRId64, item->approver, item->index);
	text(out, "log.record.uid", uid);
	text(out, "whosh.kind", export_kind(item));
	if (item->masked)
		text(out, "whosh.masked", "true");
	if (item->cut)
		text(out, "whosh.cut", "true");
	if (item->is_command)
		command(out, item);
	else
		other(out, item);
	put_close(out, ']');
	decimal(out, "timeUnixNano", export_time(item) * 1000000);
	decimal(out, "observedTimeUnixNano", item->ms * 1000000);
	put_int(out, "severityNumber",
		grave == GRAVE_ALERT     ? 21
		: grave == GRAVE_WARNING ? 13
		: grave == GRAVE_NOTICE  ? 10
					 : 9);
	put_text(out, "severityText",
		 grave == GRAVE_ALERT     ? "alert"
		 : grave == GRAVE_WARNING ? "warning"
		 : grave == GRAVE_NOTICE  ? "notice"
					  : "info");
	snprintf(event, sizeof event, "whosh.%s", export_kind(item));
	put_text(out, "eventName", event);
	struct buf sentence BUF_AUTO = BUF_INIT;
	export_sentence(&sentence, item);
	put_open(out, "body", '{');
	put_bytes(out, "stringValue", sentence.data ? sentence.data : "", sentence.len);
	put_close(out, '}');
	struct trace trace;
	if (trace_read(&trace, json_string(item->detail, "trace"))) {
		put_text(out, "traceId", trace.id);
		put_text(out, "spanId", trace.span);
	}
	put_close(out, '}');
}

void export_otel(struct buf *out, const struct export_item *item)
{
	put_open(out, NULL, '{');
	put_open(out, "resourceLogs", '[');
	put_open(out, NULL, '{');
	put_open(out, "scopeLogs", '[');
	put_open(out, NULL, '{');
	put_open(out, "logRecords", '[');
	record(out, item);
	put_close(out, ']');
	put_open(out, "scope", '{');
	put_text(out, "name", "whosh.audit");
	put_text(out, "version", WHOSH_VERSION);
	put_close(out, '}');
	put_close(out, '}');
	put_close(out, ']');
	put_open(out, "resource", '{');
	put_open(out, "attributes", '[');
	text(out, "service.name", "whoshd");
	text(out, "service.version", WHOSH_VERSION);
	text(out, "service.instance.id", item->approver);
	buf_adds(out, "]}}]}\n");
}
