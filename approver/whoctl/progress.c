/* progress.c: see progress.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/progress.h"
#include "common/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { EVERY_MS = 250, FIRST_MS = 500 };

void progress_begin(struct progress *progress, const char *what)
{
	*progress =
	    (struct progress){.what = what, .shown = isatty(STDERR_FILENO) == 1, .began = clock_mono_ms()};
}

void progress_tell(struct progress *p, int64_t done, int64_t all, const char *things)
{
	int64_t now = clock_mono_ms();
	if (!p->shown || now - p->began < FIRST_MS || now - p->last < EVERY_MS)
		return;
	p->last = now;
	p->drawn = true;
	fprintf(stderr, "\r%s: %" PRId64, p->what, done);
	if (all > 0)
		fprintf(stderr, " of %" PRId64 " %s, %d %%", all, things,
			(int)(done >= all ? 100 : done * 100 / all));
	else
		fprintf(stderr, " %s", things);
	fprintf(stderr, ", %" PRId64 " s\x1b[K", (now - p->began) / 1000);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\x1b[K", stderr);
	fflush(stderr);
	p->drawn = false;
}
