/* human.c: times, spans, sizes and JSON as people and their terminals take them; see human.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/human.h"
#include "approver/whoctl/quote.h"
#include "approver/whoctl/whoctl.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

void time_add(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];
	if (!localtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		buf_addf(out, "@%lld", (long long)seconds);
	else
		buf_adds(out, text);
}

void size_add(struct buf *out, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
		value /= 1024;
		unit++;
	}
	buf_addf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

bool json_time(const cJSON *object, const char *name, int64_t *ms)
{
	const char *text = json_string(object, name);
	if (text)
		return rfc3339_parse(text, ms);
	int64_t number;
	if (!json_integer(object, name, &number) || number == 0)
		return false;
	/* In seconds this is the year 5138; in milliseconds it was 1973. */
	*ms = number < 100000000000 ? number * 1000 : number;
	return true;
}

void json_time_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise)
{
	int64_t ms;
	if (json_time(object, name, &ms))
		time_add(out, ms);
	else
		buf_adds(out, otherwise);
}

void json_visible_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise)
{
	const char *text = json_string(object, name);
	if (text)
		visible_add(out, text, strlen(text));
	else
		buf_adds(out, otherwise);
}

void json_claim_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise)
{
	const char *text = json_string(object, name);
	if (text)
		word_or_quoted_add(out, text, 0);
	else
		buf_adds(out, otherwise);
}

void json_names_add(struct buf *out, const cJSON *names)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, names)
	{
		const char *name = cJSON_GetStringValue(item);
		buf_adds(out, item == names->child ? "" : item->next ? ", " : " and ");
		visible_add(out, name ? name : "?", name ? strlen(name) : 1);
	}
}

const char *record_line(const cJSON *record, struct buf *room, size_t *len)
{
	const char *encoded = json_string(record, "line_b64");
	if (encoded && base64_decode(room, encoded, strlen(encoded)) && !room->failed && room->data) {
		*len = room->len;
		return room->data;
	}
	const char *line = json_string(record, "line");
	*len = line ? strlen(line) : 0;
	return line ? line : "";
}

/* Would the character act on a terminal, or hide?  Then visible_add writes it otherwise. */
static bool acts(const char *bytes, size_t len)
{
	struct buf shown BUF_AUTO = BUF_INIT;
	visible_add(&shown, bytes, len);
	return shown.len != len || memcmp(shown.data, bytes, len) != 0;
}

/* Append printed JSON, in which everything outside ASCII stands inside strings. */
static void escaped_add(struct buf *out, const char *json)
{
	size_t len = strlen(json), at = 0;
	while (at < len) {
		uint32_t c = 0;
		size_t size = utf8_next(json + at, len - at, &c);
		if (size == 0)
			size = 1, c = 0xfffd;
		else if (c < 0x7f || !acts(json + at, size)) {
			buf_add(out, json + at, size);
			at += size;
			continue;
		}
		if (c < 0x10000)
			buf_addf(out, "\\u%04x", c);
		else
			buf_addf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		at += size;
	}
}

static void compact_add(struct buf *out, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	if (text)
		escaped_add(out, text);
	else
		out->failed = true;
	free(text);
}

void json_print(struct buf *out, const cJSON *value)
{
	if (!cJSON_IsArray(value) || !value->child) {
		compact_add(out, value);
		buf_addc(out, '\n');
		return;
	}
	const cJSON *element;
	cJSON_ArrayForEach(element, value)
	{
		buf_adds(out, element == value->child ? "[" : ",\n ");
		compact_add(out, element);
	}
	buf_adds(out, "]\n");
}

int json_output(const cJSON *value)
{
	if (!value)
		return complain(EXIT_FAILED, "out of memory");
	struct buf text BUF_AUTO = BUF_INIT;
	json_print(&text, value);
	return output(&text);
}
