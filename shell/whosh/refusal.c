/* refusal.c: what is said of a line that does not run.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/refusal.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/whosh/message.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool refusal_set(struct refusal *refusal, int status, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	refusal->status = status;
	message_add(&refusal->text, "%s: %s", message_kind(status), text ? text : "out of memory");
	free(text);
	return false;
}

void refusal_read(struct refusal *refusal, const struct wire_message *refused)
{
	int status = (int)wire_number(refused, WIRE_STATUS, EXIT_UNREACHABLE);
	char *reason = wire_string(refused, WIRE_REASON), *rule = wire_string(refused, WIRE_RULE);
	char *id = wire_string(refused, WIRE_COMMAND_ID), *hint = wire_string(refused, WIRE_HINT);
	/* Only the statuses of exits.h: a broker cannot make a refusal look like a success. */
	if (status != EXIT_DENIED && status != EXIT_UNREVIEWED && status != EXIT_IDENTITY &&
	    status != EXIT_CONFIGURATION)
		status = EXIT_UNREACHABLE;
	refusal_set(refusal, status, "%s%s%s", reason ? reason : "no reason was given",
		    status == EXIT_UNREACHABLE ? "; nothing was run"
		    : hint                     ? "; "
					       : "",
		    status != EXIT_UNREACHABLE && hint ? hint : "");
	if (rule)
		message_add(&refusal->text, "rule: %s", rule);
	if (id && (status == EXIT_DENIED || status == EXIT_UNREVIEWED))
		message_add(&refusal->text, "command: %s", id);
	free(reason);
	free(rule);
	free(id);
	free(hint);
}

_Noreturn void refusal_exit(const struct refusal *refusal)
{
	/* When standard error is gone the exit status still tells. */
	if (refusal->text.len && write_all(STDERR_FILENO, refusal->text.data, refusal->text.len))
		exit(refusal->status);
	exit(refusal->status);
}

void refusal_finish(struct refusal *refusal)
{
	buf_finish(&refusal->text);
}
