/* export_about.c: what a record says of itself, whatever the format: who, how grave, in one sentence.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_item.h"
#include "common/text.h"
#include <string.h>

enum { SENTENCE_MAX = 1000, SENTENCE_CUT = 200 };

const char *export_kind(const struct export_item *item)
{
	return item->is_command ? "command" : event_kind_name(item->kind);
}

int64_t export_time(const struct export_item *item)
{
	return item->is_command ? item->row.ts : item->ms;
}

const char *export_body(const struct export_item *item, const char *name)
{
	return json_string(item->body, name);
}

const char *export_operator(const struct export_item *item)
{
	static const char *const members[] = {"operator", "by", "iss"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const char *name = export_body(item, members[i]);
		if (name && *name)
			return name;
	}
	return NULL;
}

const char *export_agent(const struct export_item *item)
{
	if (item->is_command)
		return item->row.agent;
	const char *agent = export_body(item, "agent");
	if (!agent && item->kind == EVENT_DELEGATION)
		agent = json_string(json_object(item->body, "act"), "sub");
	const char *kind = export_body(item, "kind");
	bool killed = item->kind == EVENT_KILL || item->kind == EVENT_UNKILL;
	if (!agent && killed && kind && !strcmp(kind, "agent"))
		agent = export_body(item, "name");
	return agent;
}

int export_severity(const struct export_item *item)
{
	if (item->is_command)
		return item->row.state == COMMAND_DENIED || item->row.state == COMMAND_LOST ? GRAVE_WARNING
											    : GRAVE_INFO;
	switch (item->kind) {
	case EVENT_ALERT:
		return GRAVE_ALERT;
	case EVENT_REFUSED:
	case EVENT_KILL:
	case EVENT_COMMAND_OUTCOME: /* of what was never approved */
		return GRAVE_WARNING;
	case EVENT_OPERATOR_SIGN_IN:
	case EVENT_LOG_STARTED:
	case EVENT_LOG_STOPPED:
	case EVENT_REVIEW:
	case EVENT_DELEGATION:
		return GRAVE_INFO;
	default:
		return GRAVE_NOTICE;
	}
}

int export_allowed(const struct export_item *item)
{
	if (!item->is_command)
		return item->kind != EVENT_REFUSED;
	return item->row.state == COMMAND_PENDING ? -1 : item->row.state != COMMAND_DENIED;
}

int export_success(const struct export_item *item)
{
	const struct command_row *row = &item->row;
	if (!item->is_command)
		return item->kind != EVENT_REFUSED;
	if (row->state == COMMAND_DENIED)
		return 0;
	if (row->state != COMMAND_EXITED)
		return -1;
	return row->has_exit ? row->exit == 0 : 0;
}

/* ── the sentence ──────────────────────────────────────────────────────────────────────────────────────── */

static void add(struct buf *out, const char *before, const char *text)
{
	if (!text || !*text)
		return;
	buf_adds(out, before);
	visible_add(out, text, strlen(text));
}

static void command_sentence(struct buf *out, const struct command_row *row)
{
	add(out, "", row->agent ? row->agent : "an agent");
	add(out, " ", row->agent_version);
	add(out, " for ", row->human);
	buf_adds(out, row->state == COMMAND_PENDING ? ", waiting for a reviewer" : ", ");
	add(out, "", row->verdict);
	add(out, " by rule ", row->rule);
	if (row->state == COMMAND_LOST)
		buf_adds(out, ", end unknown");
	else if (row->has_exit)
		buf_addf(out, ", exit %d", row->exit);
	add(out, ", killed by SIG", row->signal);
	buf_adds(out, ": ");
	visible_add(out, row->line ? row->line : "",
		    row->line_len < SENTENCE_MAX ? row->line_len : SENTENCE_MAX);
}

void export_sentence(struct buf *out, const struct export_item *item)
{
	size_t from = out->len, max = item->cut ? SENTENCE_CUT : SENTENCE_MAX;
	if (item->is_command) {
		command_sentence(out, &item->row);
	} else {
		const char *about = export_body(item, "name"), *agent = export_agent(item);
		add(out, "", export_kind(item));
		add(out, " ", export_body(item, "alert"));
		add(out, " of agent ", agent);
		if (!agent)
			add(out, " of ", about ? about : item->subject);
		add(out, " by ", export_operator(item));
		add(out, ": ", export_body(item, "reason"));
	}
	if (out->failed || out->len - from <= max)
		return;
	size_t end = from + max;
	while (end > from && ((unsigned char)out->data[end] & 0xc0) == 0x80)
		end--;
	out->len = end;
	out->data[end] = '\0';
	buf_adds(out, "…");
}
