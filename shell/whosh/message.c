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

static void say(const char *format, va_list args)
{
	struct buf line BUF_AUTO = BUF_INIT;
	char *text = NULL;
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	buf_adds(&line, "whosh: ");
	if (text)
		visible_add(&line, text, strlen(text));
	buf_addc(&line, '\n');
	free(text);
	/* When standard error is gone the exit status still tells. */
	if (!line.failed && write_all(STDERR_FILENO, line.data, line.len))
		return;
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
