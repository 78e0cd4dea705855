/* export_csv.c: comma-separated values (RFC 4180), safe to open in a spreadsheet.
 *
 * Every text is in quotes, on one line, and visible: characters that act or hide are written as escapes
 * (text.h), and where that, or bytes that are not UTF-8, changed the line, line_b64 has its exact bytes.
 *
 * A spreadsheet takes a field that begins with = + - @ (or a blank that it skips, or their full-width forms)
 * for a formula, which may read other cells and call programs.  Such a field gets an apostrophe in front, and
 * so does one that begins with an apostrophe: whoever wants the text back removes one leading apostrophe
 * where there is one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_formats.h"
#include "approver/export/export_json.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

static const char columns[] =
    "index,kind,ts,id,agent,agent_version,credential,session,seq,parent,human,model,task,user,host,cwd,mode,"
    "line,line_b64,verdict,cause,rule,policy,reviewers,reason,exit,signal,outcome,outcome_reason,started,"
    "ended,subject,operator,body\r\n";

void export_csv_head(struct buf *out)
{
	buf_adds(out, columns);
}

static bool is_formula(const char *text)
{
	static const char *const starts[] = {
	    "=", "+", "-", "@", "'", " ", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (!strncmp(text, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static void bytes(struct buf *out, const char *value, size_t len)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, value, len);
	const char *text = visible.data ? visible.data : "";
	buf_addc(out, ',');
	if (!*text)
		return;
	buf_addc(out, '"');
	if (is_formula(text))
		buf_addc(out, '\'');
	for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
		buf_add(out, text, (size_t)(quote - text));
		buf_adds(out, "\"\"");
	}
	buf_adds(out, text);
	buf_addc(out, '"');
}

static void text(struct buf *out, const char *value)
{
	bytes(out, value ? value : "", value ? strlen(value) : 0);
}

static void when(struct buf *out, int64_t ms)
{
	char time[RFC3339_LEN + 1] = "";
	if (ms)
		rfc3339_format(ms, time);
	buf_addf(out, ",%s", time);
}

static void empty(struct buf *out, int fields)
{
	while (fields-- > 0)
		buf_addc(out, ',');
}

static void line(struct buf *out, const struct command_row *row)
{
	struct buf visible BUF_AUTO = BUF_INIT, encoded BUF_AUTO = BUF_INIT;
	const char *exact = row->line ? row->line : "";
	bytes(out, exact, row->line_len);
	visible_add(&visible, exact, row->line_len);
	if (visible.len != row->line_len || (visible.len && memcmp(visible.data, exact, visible.len) != 0))
		base64_encode(&encoded, exact, row->line_len);
	text(out, encoded.data);
}

static void command(struct buf *out, const struct command_row *row)
{
	const char *const who[] = {row->id, row->agent, row->agent_version, row->credential, row->session};
	const char *const what[] = {row->parent, row->human, row->model, row->task,
				    row->user,   row->host,  row->cwd,   row->mode};
	const char *const why[] = {row->verdict, row->cause,     row->rule,
				   row->policy,  row->reviewers, row->reason};
	for (size_t i = 0; i < sizeof who / sizeof *who; i++)
		text(out, who[i]);
	buf_addf(out, ",%" PRId64, row->seq);
	for (size_t i = 0; i < sizeof what / sizeof *what; i++)
		text(out, what[i]);
	line(out, row);
	for (size_t i = 0; i < sizeof why / sizeof *why; i++)
		text(out, why[i]);
	if (row->has_exit)
		buf_addf(out, ",%d", row->exit);
	else
		empty(out, 1);
	text(out, row->signal);
	text(out, row->outcome);
	text(out, row->outcome_reason);
	when(out, row->started);
	when(out, row->ended);
	empty(out, 3);
}

static void other(struct buf *out, const struct export_item *item)
{
	struct buf body BUF_AUTO = BUF_INIT;
	empty(out, 1);
	text(out, export_agent(item));
	empty(out, 1);
	text(out, export_body(item, "credential"));
	text(out, export_body(item, "session"));
	empty(out, 16);
	text(out, export_body(item, "reason"));
	empty(out, 6);
	text(out, item->subject);
	text(out, export_operator(item));
	put_json(&body, NULL, item->body);
	text(out, body.data);
}

void export_csv(struct buf *out, const struct export_item *item)
{
	buf_addf(out, "%" PRId64, item->index);
	text(out, export_kind(item));
	when(out, export_time(item));
	if (item->is_command)
		command(out, &item->row);
	else
		other(out, item);
	buf_adds(out, "\r\n");
}
