/* export_jsonl.c: whosh's own records, one JSON object a line.
 *
 *     {"index":N,"kind":"command",<the members of whoctl who --json>}
 *     {"index":N,"kind":"agent_added","ts":…,"subject":…,"body":{…}}
 *
 * "log_index" in a command is, as everywhere, the index of its decision; "index" is the record's place.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_formats.h"
#include "approver/export/export_json.h"
#include "approver/http/record.h"

void export_jsonl(struct buf *out, const struct export_item *item)
{
	put_open(out, NULL, '{');
	put_int(out, "index", item->index);
	put_text(out, "kind", export_kind(item));
	if (item->cut)
		put_bool(out, "cut", true);
	if (item->is_command) {
		size_t at = out->len;
		record_open_masked(out, &item->shown, true);
		if (!out->failed)
			out->data[at] = ','; /* where its own object begins */
	} else {
		put_time(out, "ts", item->ms);
		put_text(out, "subject", item->subject);
		put_json(out, "body", item->body);
		if (item->masked)
			put_bool(out, "masked", true);
	}
	buf_adds(out, "}\n");
}
