/* history.h: what was typed at prompts, kept for each account and agent on this host.
 *
 * Only the system's broker keeps it, in files that no account can read: the agent that typed a line is given
 * it again, and nobody else.  It is a convenience, so nothing here holds up or fails a command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_HISTORY_H
#define BROKER_HISTORY_H

#include "common/buf.h"

enum {
	HISTORY_LINES = 1000,          /* are remembered, at most */
	HISTORY_BYTES = 1024 * 1024,   /* of them together, and … */
	HISTORY_LONGEST = 64 * 1024,   /* of one; a longer one is not remembered */
	HISTORY_FILE = 2 * 1024 * 1024 /* a file that is larger is written anew */
};

struct history;

struct history *history_new(const char *folder); /* NULL: out of memory */
void history_free(struct history *history);

/* The line was permitted. */
void history_add(struct history *history, const char *user, const char *agent, const char *line, size_t len);
/* Append a LINE for each that is remembered, oldest first, none twice in a row. */
void history_fields(struct history *history, const char *user, const char *agent, struct buf *frame);

#endif
