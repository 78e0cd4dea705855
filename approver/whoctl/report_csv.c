/* report_csv.c: a report for a spreadsheet; see report.h.
 *
 * RFC 4180: CRLF, quotes doubled, every field quoted.  A text that a spreadsheet would take for a formula (=
 * +
 * - @ at its beginning) gets a ' before it, for an agent chooses what its lines begin with; what could act or
 * hide is written out (text.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/record.h"
#include "approver/whoctl/report.h"
#include "common/text.h"
#include <string.h>

struct row {
	const char *control, *kind, *name, *value;
	const cJSON *record; /* NULL: none */
};

static void field_add(struct buf *out, const char *text, size_t len)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, text, len);
	buf_addc(out, '"');
	if (visible.len && strchr("=+-@", visible.data[0]))
		buf_addc(out, '\'');
	for (size_t i = 0; i < visible.len; i++) {
		if (visible.data[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, visible.data[i]);
	}
	buf_addc(out, '"');
}

static void text_field(struct buf *out, const char *text)
{
	field_add(out, text ? text : "", text ? strlen(text) : 0);
	buf_addc(out, ',');
}

/* The audit path's hashes in base64, separated by blanks. */
static void proof_field(struct buf *out, const cJSON *record)
{
	struct buf path BUF_AUTO = BUF_INIT;
	const cJSON *hash;
	cJSON_ArrayForEach(hash, json_array(record, "proof"))
	{
		const char *text = cJSON_GetStringValue(hash);
		buf_addf(&path, "%s%s", path.len ? " " : "", text ? text : "?");
	}
	text_field(out, path.data);
}

static void row_add(struct buf *out, const cJSON *report, const struct row *row)
{
	static const char *const members[] = {"ts",   "id",      "agent", "human", "model",
					      "task", "verdict", "rule",  "host"};
	struct buf index BUF_AUTO = BUF_INIT, room BUF_AUTO = BUF_INIT, reviewers BUF_AUTO = BUF_INIT;
	int64_t number;
	size_t len = 0;
	text_field(out, json_string(report, "standard"));
	text_field(out, json_string(report, "from"));
	text_field(out, json_string(report, "to"));
	text_field(out, row->control);
	text_field(out, row->kind);
	text_field(out, row->name);
	text_field(out, row->value);
	if (row->record && json_integer(row->record, "log_index", &number))
		buf_addf(&index, "%lld", (long long)number);
	text_field(out, index.data);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		text_field(out, row->record ? json_string(row->record, members[i]) : NULL);
	if (row->record)
		json_names_add(&reviewers, json_array(row->record, "reviewers"));
	text_field(out, reviewers.data);
	proof_field(out, row->record);
	const char *line = row->record ? record_line(row->record, &room, &len) : "";
	field_add(out, line, len);
	buf_adds(out, "\r\n");
}

static void facts_add(struct buf *out, const cJSON *report, const cJSON *control)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, json_array(control, "facts"))
	{
		const char *name = cJSON_GetStringValue(item), *what = NULL;
		struct buf value BUF_AUTO = BUF_INIT;
		if (!name)
			continue;
		buf_addf(&value, "%lld", (long long)report_fact(report, name, &what));
		row_add(out, report,
			&(struct row){json_string(control, "id"), "fact", name, value.data, NULL});
	}
}

static void samples_add(struct buf *out, const cJSON *report, const cJSON *control)
{
	const cJSON *sample, *record;
	cJSON_ArrayForEach(sample, json_array(control, "samples"))
	{
		const cJSON *records = json_array(sample, "commands");
		if (!records)
			records = json_array(sample, "events");
		cJSON_ArrayForEach(record, records)
		    row_add(out, report,
			    &(struct row){json_string(control, "id"), "sample", json_string(sample, "class"),
					  json_string(record, "text"), record});
	}
}

void report_csv_add(struct buf *out, const cJSON *report)
{
	struct buf drawing BUF_AUTO = BUF_INIT;
	const cJSON *control, *sentence;
	buf_adds(out, "standard,from,to,control,kind,name,value,log_index,time,command,agent,human,model,"
		      "task,verdict,rule,"
		      "host,reviewers,proof,line\r\n");
	report_drawing_add(&drawing, report);
	row_add(out, report, &(struct row){"", "note", "caution", report_caution, NULL});
	row_add(out, report, &(struct row){"", "note", "samples", drawing.data, NULL});
	cJSON_ArrayForEach(control, json_array(report, "controls"))
	{
		const char *id = json_string(control, "id");
		row_add(out, report,
			&(struct row){id, "question", json_string(control, "title"),
				      json_string(control, "question"), NULL});
		cJSON_ArrayForEach(sentence, json_array(control, "answer")) row_add(
		    out, report, &(struct row){id, "answer", "", cJSON_GetStringValue(sentence), NULL});
		facts_add(out, report, control);
		samples_add(out, report, control);
		row_add(out, report,
			&(struct row){id, "cannot answer", "", json_string(control, "cannot"), NULL});
	}
}
