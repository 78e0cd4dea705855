/* The line while a reviewer decides: not before it is worth reading, and erased only if it was shown.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/waiting.h"
#include "common/clock.h"
#include "tests/unit/check.h"
#include <fcntl.h>
#include <unistd.h>

static ssize_t written(int from, const char *words, int64_t since)
{
	char text[300];
	waiting_show(words, since);
	ssize_t n = read(from, text, sizeof text);
	return n < 0 ? 0 : n;
}

int main(void)
{
	int ends[2], before = dup(2);
	if (pipe2(ends, O_NONBLOCK) || before < 0 || dup2(ends[1], 2) < 0)
		return 1;
	int64_t now = clock_mono_ms();
	ssize_t early = written(ends[0], "a reviewer", now + 60000), none = written(ends[0], NULL, now);
	ssize_t late = written(ends[0], "a reviewer", now - WAITING_QUIET_MS);
	ssize_t erased = written(ends[0], NULL, now), again = written(ends[0], NULL, now);
	dup2(before, 2);
	holds("the line flashes when the answer comes at once", !early);
	holds("a line that was not shown is erased", !none && !again);
	holds("nobody sees what is waited for", late > 0);
	holds("the line stays when the answer is there", erased > 0);
	holds("the line comes late",
	      waiting_tick(now + 200, 5000) <= 500 && waiting_tick(now - 400, 1000) == 1000);
	return checks_end();
}
