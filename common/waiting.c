/* waiting.c: the line that counts the seconds.
 *
 * It is written over itself, and erased when the answer is there.  So it never is wider than the terminal: a
 * line that wraps cannot be erased.  A terminal that calls itself dumb is only trusted with a carriage
 * return.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/waiting.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80, LEAST = 12 /* less is not worth showing of who, and why */ };

static size_t shown; /* columns of what was written last */

static void visible(struct buf *out, char *text, const char *otherwise)
{
	const char *some = text && *text ? text : otherwise;
	visible_add(out, some, strlen(some));
	free(text);
}

char *waiting_words(const struct wire_message *waiting)
{
	struct buf out BUF_AUTO = BUF_INIT;
	int64_t reviewers = wire_number(waiting, WIRE_REVIEWERS, 1);
	char *reason = wire_string(waiting, WIRE_REASON);
	if (reviewers > 1)
		buf_addf(&out, "%lld reviewers (rule ", (long long)reviewers);
	else
		buf_adds(&out, "a reviewer (rule ");
	visible(&out, wire_string(waiting, WIRE_RULE), "default");
	buf_adds(&out, reason && *reason ? ": " : "");
	visible(&out, reason, "");
	buf_addc(&out, ')');
	return out.failed ? NULL : buf_take(&out);
}

static size_t width(void)
{
	struct winsize size = {.ws_col = 0};
	/* The last column is left free: some terminals wrap as soon as it is taken. */
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? COLUMNS - 1 : size.ws_col - 1u;
}

/* Remove whole characters from the end until it fits. */
static void cut(struct buf *text, size_t room)
{
	while (text->len && text_columns(text->data, text->len) > room)
		do
			text->len--;
		while (text->len && ((unsigned char)text->data[text->len] & 0xc0) == 0x80);
}

static void compose(struct buf *line, const char *words, int64_t since)
{
	static const char head[] = "whosh: waiting for ", cut_off[] = "...)";
	struct buf what BUF_AUTO = BUF_INIT, tail BUF_AUTO = BUF_INIT;
	size_t columns = width();
	buf_addf(&tail, ", %lld s, Ctrl-C withdraws", (long long)(clock_mono_ms() - since) / 1000);
	buf_adds(&what, words);
	size_t taken = sizeof head - 1 + tail.len, room = columns > taken ? columns - taken : 0;
	if (text_columns(what.data, what.len) > room && room >= LEAST) {
		cut(&what, room - (sizeof cut_off - 1));
		buf_adds(&what, cut_off);
	}
	if (room >= LEAST) {
		buf_adds(line, head);
		buf_add(line, what.data, what.len);
	} else {
		buf_adds(line, "whosh: waiting");
	}
	buf_add(line, tail.data, tail.len);
	cut(line, columns);
}

int waiting_tick(int64_t since, int tick)
{
	int64_t quiet = WAITING_QUIET_MS - (clock_mono_ms() - since);
	return quiet > 0 && quiet < tick ? (int)quiet : tick;
}

void waiting_show(const char *words, int64_t since)
{
	if (words ? clock_mono_ms() - since < WAITING_QUIET_MS : !shown)
		return;
	struct buf out BUF_AUTO = BUF_INIT, line BUF_AUTO = BUF_INIT;
	const char *term = getenv("TERM");
	bool erases = term && *term && strcmp(term, "dumb") != 0;
	if (words)
		compose(&line, words, since);
	size_t columns = line.len ? text_columns(line.data, line.len) : 0;
	buf_adds(&out, erases ? "\r\033[K" : "\r");
	buf_add(&out, line.data, line.len);
	for (size_t i = columns; !erases && i < shown; i++)
		buf_addc(&out, ' ');
	if (!erases && !words)
		buf_addc(&out, '\r');
	shown = columns;
	if (!out.failed && write_all(STDERR_FILENO, out.data, out.len))
		return;
}
