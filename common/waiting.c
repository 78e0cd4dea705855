/* waiting.c: the line that counts the seconds.
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

char *waiting_words(const struct wire_message *waiting)
{
	struct buf out BUF_AUTO = BUF_INIT;
	char *rule = wire_string(waiting, WIRE_RULE), *reason = wire_string(waiting, WIRE_REASON);
	buf_adds(&out, "rule ");
	visible_add(&out, rule ? rule : "default", strlen(rule ? rule : "default"));
	if (reason && *reason) {
		buf_adds(&out, ": ");
		visible_add(&out, reason, strlen(reason));
	}
	free(rule);
	free(reason);
	return out.failed ? NULL : buf_take(&out);
}

/* Cut to one line of the terminal: one that wraps cannot be erased. */
static void cut(struct buf *line, size_t taken)
{
	struct winsize size = {.ws_col = 0};
	size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40 ? 80 : size.ws_col;
	size_t room = columns > taken ? columns - taken : 0;
	while (line->len > room ||
	       (line->len && room && ((unsigned char)line->data[line->len] & 0xc0) == 0x80))
		line->data[--line->len] = '\0';
}

void waiting_show(const char *words, int64_t since)
{
	struct buf line BUF_AUTO = BUF_INIT, what BUF_AUTO = BUF_INIT, tail BUF_AUTO = BUF_INIT;
	static const char head[] = "whosh: waiting for a reviewer (";
	buf_adds(&line, "\r\033[K");
	if (words) {
		buf_addf(&tail, "), %lld s, Ctrl-C withdraws", (long long)(clock_mono_ms() - since) / 1000);
		buf_adds(&what, words);
		if (what.data)
			cut(&what, sizeof head + tail.len);
		buf_adds(&line, head);
		buf_add(&line, what.data, what.len);
		buf_add(&line, tail.data, tail.len);
	}
	if (!line.failed && write_all(STDERR_FILENO, line.data, line.len))
		return;
}
