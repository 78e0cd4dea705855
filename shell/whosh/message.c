/* message.c: what whosh itself says.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/message.h"
#include "common/buf.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void line_add(struct buf *out, const char *format, va_list args)
{
	char *text = NULL;
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	buf_adds(out, "whosh: ");
	if (text)
		visible_add(out, text, strlen(text));
	buf_addc(out, '\n');
	free(text);
}

static void say(const char *format, va_list args)
{
	struct buf line BUF_AUTO = BUF_INIT;
	line_add(&line, format, args);
	/* When standard error is gone the exit status still tells. */
	if (!line.failed && write_all(STDERR_FILENO, line.data, line.len))
		return;
}

void message_add(struct buf *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	line_add(out, format, args);
	va_end(args);
}

void message(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

_Noreturn void message_exit(int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(status);
}

const char *message_kind(int status)
{
	switch (status) {
	case EXIT_DENIED:
	case EXIT_UNREVIEWED:
		return "denied";
	case EXIT_IDENTITY:
		return "identity refused";
	case EXIT_CONFIGURATION:
		return "configuration";
	default:
		return "approver unreachable";
	}
}
