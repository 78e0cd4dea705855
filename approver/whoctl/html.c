/* html.c: pages that stand alone; see html.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/html.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/moment.h"
#include "common/text.h"
#include <string.h>

static void escaped_add(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		switch (text[i]) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\'':
			buf_adds(out, "&#39;");
			break;
		default:
			buf_addc(out, text[i]);
		}
}

/* One character, or one byte that is none: written out and marked when it is not simply visible. */
static size_t character_add(struct buf *out, const char *text, size_t len)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	uint32_t c;
	size_t n = utf8_next(text, len, &c);
	if (!n)
		n = 1;
	visible_add(&visible, text, n);
	bool same = visible.len == n && !memcmp(visible.data, text, n);
	buf_adds(out, same ? "" : "<span class=\"esc\">");
	escaped_add(out, visible.data ? visible.data : "", visible.len);
	buf_adds(out, same ? "" : "</span>");
	return n;
}

void html_bytes(struct buf *out, const char *text, size_t len, bool lines)
{
	while (len) {
		/* Most of it is plain: in one go. */
		size_t plain = 0;
		while (plain < len && text[plain] >= ' ' && text[plain] < 0x7f)
			plain++;
		escaped_add(out, text, plain);
		text += plain;
		len -= plain;
		if (!len)
			return;
		size_t n = 1;
		if (lines && (*text == '\n' || *text == '\t'))
			buf_addc(out, *text);
		else
			n = character_add(out, text, len);
		text += n;
		len -= n;
	}
}

void html_text(struct buf *out, const char *text)
{
	html_bytes(out, text, strlen(text), false);
}

size_t html_line(struct buf *out, const cJSON *record, size_t most, bool lines)
{
	struct buf room BUF_AUTO = BUF_INIT;
	size_t len, shown;
	const char *line = record_line(record, &room, &len);
	shown = len > most ? most : len;
	/* Not in the middle of a character. */
	while (shown && shown < len && ((unsigned char)line[shown] & 0xc0) == 0x80)
		shown--;
	html_bytes(out, line, shown, lines);
	return len - shown;
}

void html_attribute(struct buf *out, const char *text)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, text, strlen(text));
	escaped_add(out, visible.data ? visible.data : "", visible.len);
}

void html_member(struct buf *out, const cJSON *object, const char *name, const char *otherwise)
{
	const char *text = json_string(object, name);
	if (text)
		html_text(out, text);
	else
		buf_adds(out, otherwise);
}

void html_time(struct buf *out, int64_t ms)
{
	struct buf local BUF_AUTO = BUF_INIT, utc BUF_AUTO = BUF_INIT;
	local_add(&local, ms, true);
	utc_add(&utc, ms, local.data);
	buf_adds(out, "<time>");
	html_text(out, local.data ? local.data : "");
	if (!local_is_utc(ms)) {
		buf_adds(out, " <small>");
		html_text(out, utc.data ? utc.data : "");
		buf_adds(out, "</small>");
	}
	buf_adds(out, "</time>");
}

void html_member_time(struct buf *out, const cJSON *object, const char *name)
{
	int64_t ms;
	if (json_time(object, name, &ms))
		html_time(out, ms);
}

void html_begin(struct buf *out, const char *title)
{
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(out, title);
	buf_adds(out, "</title>\n<style>\n");
	buf_adds(out, html_style);
	buf_adds(out, "</style>\n</head>\n<body>\n<main>\n");
}

void html_end(struct buf *out)
{
	buf_adds(out, "</main>\n</body>\n</html>\n");
}
