/* report_text.c: a report on a terminal; see report.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/moment.h"
#include "approver/whoctl/record.h"
#include "approver/whoctl/report.h"
#include "common/text.h"
#include <string.h>

enum { WIDTH = 100, LINE_COLUMNS = 120 };

/* Text in lines of at most WIDTH columns, each after `margin`, the first after `first`. */
static void wrapped_add(struct buf *out, const char *text, const char *first, const char *margin)
{
	size_t columns = text_columns(margin, strlen(margin)), at = columns;
	buf_adds(out, first);
	while (*text) {
		size_t len = strcspn(text, " "), wide = text_columns(text, len);
		if (at > columns && at + 1 + wide > WIDTH) {
			buf_addf(out, "\n%s", margin);
			at = columns;
		} else if (at > columns) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, text, len);
		at += wide;
		text += len + strspn(text + len, " ");
	}
	buf_addc(out, '\n');
}

static void member_wrapped(struct buf *out, const cJSON *object, const char *name, const char *first,
			   const char *margin)
{
	struct buf text BUF_AUTO = BUF_INIT;
	json_visible_add(&text, object, name, "");
	wrapped_add(out, text.data ? text.data : "", first, margin);
}

static void record_line_add(struct buf *out, const cJSON *record, const struct style *style)
{
	int64_t ms = 0, index = 0;
	bool command = json_string(record, "id") != NULL;
	json_time(record, "ts", &ms);
	json_integer(record, "log_index", &index);
	buf_addf(out, "      #%lld  ", (long long)index);
	utc_add(out, ms, NULL);
	buf_adds(out, "  ");
	if (command)
		sentence_add(out, record, style, LINE_COLUMNS);
	else
		json_visible_add(out, record, "text", "?");
	buf_addc(out, '\n');
}

static void sample_add(struct buf *out, const cJSON *sample, const struct style *style)
{
	const cJSON *records = json_array(sample, "commands"), *record;
	int64_t of = 0;
	if (!records)
		records = json_array(sample, "events");
	json_integer(sample, "of", &of);
	buf_adds(out, "    Sample of ");
	json_visible_add(out, sample, "class", "?");
	buf_addf(out, ": %d of %lld\n", cJSON_GetArraySize(records), (long long)of);
	cJSON_ArrayForEach(record, records) record_line_add(out, record, style);
}

static void control_add(struct buf *out, const cJSON *control, const struct style *style)
{
	struct buf title BUF_AUTO = BUF_INIT;
	const cJSON *item;
	json_visible_add(&title, control, "id", "?");
	buf_adds(&title, "  ");
	json_visible_add(&title, control, "title", "");
	buf_addc(out, '\n');
	coloured_add(out, style, COLOUR_BOLD, title.data ? title.data : "");
	buf_addc(out, '\n');
	member_wrapped(out, control, "question", "  ? ", "    ");
	cJSON_ArrayForEach(item, json_array(control, "answer"))
	{
		struct buf text BUF_AUTO = BUF_INIT;
		const char *said = cJSON_GetStringValue(item);
		visible_add(&text, said ? said : "", said ? strlen(said) : 0);
		wrapped_add(out, text.data ? text.data : "", "  - ", "    ");
	}
	cJSON_ArrayForEach(item, json_array(control, "samples")) sample_add(out, item, style);
	struct buf cannot BUF_AUTO = BUF_INIT;
	buf_adds(&cannot, "The log cannot say: ");
	json_visible_add(&cannot, control, "cannot", "");
	wrapped_add(out, cannot.data ? cannot.data : "", "  x ", "    ");
}

void report_text_add(struct buf *out, const cJSON *report, const struct style *style)
{
	struct buf title BUF_AUTO = BUF_INIT, drawing BUF_AUTO = BUF_INIT;
	const cJSON *control;
	json_visible_add(&title, report, "title", "?");
	coloured_add(out, style, COLOUR_BOLD, title.data ? title.data : "");
	buf_addc(out, '\n');
	report_period_add(out, report);
	buf_adds(out, "\n\n");
	wrapped_add(out, report_caution, "", "");
	cJSON_ArrayForEach(control, json_array(report, "controls")) control_add(out, control, style);
	buf_addc(out, '\n');
	report_drawing_add(&drawing, report);
	wrapped_add(out, drawing.data ? drawing.data : "", "", "");
}
