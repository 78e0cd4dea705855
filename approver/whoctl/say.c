/* say.c: whoctl's voice: one line on standard error when something is wrong, the answer on standard output.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/whoctl.h"
#include "common/io.h"
#include "common/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

__attribute__((format(printf, 2, 0))) static void say(const char *usage, const char *format, va_list args)
{
	char *text = NULL;
	if (vasprintf(&text, format, args) < 0)
		return;
	struct buf line BUF_AUTO = BUF_INIT;
	buf_adds(&line, "whoctl: ");
	visible_add(&line, text, strlen(text));
	buf_addf(&line, "%s%s\n", usage ? "\n" : "", usage ? usage : "");
	free(text);
	if (!line.failed)
		write_all(STDERR_FILENO, line.data, line.len);
}

int complain(int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(NULL, format, args);
	va_end(args);
	return status;
}

int complain_usage(const struct ctl *ctl, const char *format, ...)
{
	struct buf usage BUF_AUTO = BUF_INIT;
	verb_usage(&usage, ctl->verb, false);
	va_list args;
	va_start(args, format);
	say(usage.data, format, args);
	va_end(args);
	return EXIT_USAGE_ERROR;
}

int output(const struct buf *text)
{
	if (text->failed)
		return complain(EXIT_FAILED, "out of memory");
	if (write_all(STDOUT_FILENO, text->data, text->len) != 0)
		return complain(EXIT_FAILED, "standard output: %s", strerror(errno));
	return 0;
}

struct style style_of_stdout(void)
{
	struct style style = {.terminal = isatty(STDOUT_FILENO) == 1};
	if (!style.terminal)
		return style;
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	style.colour = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		style.width = size.ws_col;
	else
		style.width = 80;
	return style;
}
