/* progress.h: how far long work is, on one line of a terminal.
 *
 * Nothing is written where standard error is no terminal: a log of percentages helps nobody.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_PROGRESS_H
#define WHOSH_WHOCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "export" */
	bool shown;       /* standard error is a terminal */
	bool drawn;
	int64_t began, last; /* clock_mono_ms */
};

void progress_begin(struct progress *progress, const char *what);
/* `done` of `all` (negative: not known) things, called `things`.  Drawn four times a second at most. */
void progress_tell(struct progress *progress, int64_t done, int64_t all, const char *things);
/* Take the line away again. */
void progress_end(struct progress *progress);

#endif
