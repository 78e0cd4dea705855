/* times.c: --since and --until as an approver takes them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "common/clock.h"

int query_add_time(struct ctl *ctl, struct buf *path, enum option option, const char *name)
{
	const char *typed = ctl->option[option];
	int64_t ms;
	if (!typed)
		return 0;
	if (!when_parse(typed, clock_wall_ms(), &ms))
		return complain_usage(ctl, "--%s: \"%s\" is no time; write 2h, 03:47, 2026-11-23 or RFC 3339",
				      name, typed);
	char text[RFC3339_LEN + 1];
	rfc3339_format(ms, text);
	query_add(path, name, text);
	return 0;
}
