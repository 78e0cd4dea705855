/* export_json.c: see export_json.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_json.h"
#include "approver/command/claims.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

/* A comma unless something was just opened, and the name. */
static void begin(struct buf *out, const char *name)
{
	char last = out->len ? out->data[out->len - 1] : '\n';
	if (last != '{' && last != '[' && last != '\n')
		buf_addc(out, ',');
	if (name) {
		buf_addc(out, '"');
		buf_adds(out, name); /* ours: nothing in it needs an escape */
		buf_adds(out, "\":");
	}
}

void put_open(struct buf *out, const char *name, char bracket)
{
	begin(out, name);
	buf_addc(out, bracket);
}

void put_close(struct buf *out, char bracket)
{
	buf_addc(out, bracket);
}

void put_close_unless_empty(struct buf *out, char bracket, size_t from)
{
	char last = out->len ? out->data[out->len - 1] : 0;
	if (last != '{' && last != '[') {
		buf_addc(out, bracket);
	} else if (!out->failed) {
		out->len = from;
		out->data[from] = '\0';
	}
}

void put_bytes(struct buf *out, const char *name, const char *bytes, size_t len)
{
	begin(out, name);
	if (utf8_valid(bytes, len)) {
		json_add_string(out, bytes, len);
		return;
	}
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, bytes, len);
	json_add_string(out, visible.data ? visible.data : "", visible.len);
}

void put_text(struct buf *out, const char *name, const char *value)
{
	if (value)
		put_bytes(out, name, value, strlen(value));
}

void put_int(struct buf *out, const char *name, int64_t value)
{
	begin(out, name);
	buf_addf(out, "%" PRId64, value);
}

void put_bool(struct buf *out, const char *name, bool value)
{
	begin(out, name);
	buf_adds(out, value ? "true" : "false");
}

void put_time(struct buf *out, const char *name, int64_t ms)
{
	char text[RFC3339_LEN + 1];
	if (!ms)
		return;
	rfc3339_format(ms, text);
	put_text(out, name, text);
}

void put_json(struct buf *out, const char *name, const cJSON *value)
{
	if (!value)
		return;
	begin(out, name);
	json_emit(out, value);
}

void put_raw(struct buf *out, const char *name, const char *json)
{
	if (!json || !*json)
		return;
	begin(out, name);
	buf_adds(out, json);
}
