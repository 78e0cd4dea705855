/* log.c: structured log lines on standard error.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "common/buf.h"
#include "common/io.h"
#include "common/text.h"
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static enum log_level highest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	highest = level;
}

static void add_value(struct buf *out, const char *value)
{
	bool plain = *value != '\0';
	for (const char *at = value; *at; at++)
		if (*at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at == 0x7f)
			plain = false;
	if (plain) {
		visible_add(out, value, strlen(value));
		return;
	}
	/* Backslashes that came are doubled before those of visible_add are made: one at the end of a value
	 * must not swallow the closing quote, and with it the next field. */
	buf_addc(out, '"');
	while (*value) {
		size_t part = strcspn(value, "\"\\");
		visible_add(out, value, part);
		value += part;
		if (*value) {
			buf_addc(out, '\\');
			buf_addc(out, *value++);
		}
	}
	buf_addc(out, '"');
}

void log_line(enum log_level level, const char *message, ...)
{
	if (level > highest)
		return;
	struct buf line BUF_AUTO = BUF_INIT;
	if (!isatty(STDERR_FILENO))
		buf_addf(&line, "<%d>", (int)level);
	buf_adds(&line, "msg=");
	add_value(&line, message);
	va_list args;
	va_start(args, message);
	for (const char *name; (name = va_arg(args, const char *));) {
		const char *value = va_arg(args, const char *);
		if (!value)
			continue;
		buf_addc(&line, ' ');
		buf_adds(&line, name);
		buf_addc(&line, '=');
		add_value(&line, value);
	}
	va_end(args);
	buf_addc(&line, '\n');
	/* A log that cannot be written must not stop the work it tells of. */
	if (!line.failed && write_all(STDERR_FILENO, line.data, line.len))
		return;
}
