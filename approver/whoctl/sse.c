/* sse.c: an event stream cut into its events; see sse.h.
 *
 * Lines end with LF, CR or CR LF; a line is "field: value"; a blank line ends an event; a line that begins
 * with a colon is a comment, which the approver sends to say that it is still there.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/sse.h"
#include <string.h>

static bool dispatch(struct sse *sse)
{
	if (sse->data.len == 0) {
		buf_clear(&sse->event);
		return true;
	}
	sse->data.data[--sse->data.len] = 0; /* the newline after its last line */
	bool go_on = sse->take(sse->event.len ? sse->event.data : "message", &sse->data, sse->arg);
	buf_clear(&sse->data);
	buf_clear(&sse->event);
	return go_on;
}

static bool line_taken(struct sse *sse)
{
	const char *line = sse->line.data ? sse->line.data : "", *end = line + sse->line.len;
	if (sse->line.len == 0)
		return dispatch(sse);
	const char *colon = memchr(line, ':', sse->line.len), *value = colon ? colon + 1 : end;
	size_t name = (size_t)((colon ? colon : end) - line);
	if (value < end && *value == ' ')
		value++;
	size_t len = (size_t)(end - value);
	if (name == 0) {
		if (colon && len > 0 && sse->remark)
			sse->remark(value, len, sse->arg);
	} else if (name == 4 && memcmp(line, "data", 4) == 0) {
		buf_add(&sse->data, value, len);
		buf_addc(&sse->data, '\n');
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		buf_clear(&sse->event);
		buf_add(&sse->event, value, len);
	} else if (name == 2 && memcmp(line, "id", 2) == 0 && !memchr(value, 0, len)) {
		buf_clear(&sse->id);
		buf_add(&sse->id, value, len);
	}
	return sse->data.len <= SSE_MAX && !sse->data.failed && !sse->event.failed && !sse->id.failed;
}

bool sse_feed(struct sse *sse, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		bool half = c == '\n' && sse->after_cr;
		sse->after_cr = c == '\r';
		if (half)
			continue;
		if (c != '\n' && c != '\r') {
			buf_addc(&sse->line, c);
			if (sse->line.failed || sse->line.len > SSE_MAX)
				return false;
			continue;
		}
		bool go_on = line_taken(sse);
		buf_clear(&sse->line);
		if (!go_on)
			return false;
	}
	return true;
}

const char *sse_last_id(const struct sse *sse)
{
	return sse->id.len ? sse->id.data : NULL;
}

void sse_restart(struct sse *sse)
{
	buf_clear(&sse->line);
	buf_clear(&sse->data);
	buf_clear(&sse->event);
	sse->after_cr = false;
}

void sse_finish(struct sse *sse)
{
	buf_finish(&sse->line);
	buf_finish(&sse->data);
	buf_finish(&sse->event);
	buf_finish(&sse->id);
}
