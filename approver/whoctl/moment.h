/* moment.h: times in pages for people: local time with its zone, UTC beside it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_MOMENT_H
#define WHOSH_WHOCTL_MOMENT_H

#include "common/buf.h"

/* "2026-11-24 03:47:12 CET", or without the zone. */
void local_add(struct buf *out, int64_t ms, bool zone);
/* "02:47:12 UTC", with the date when it is not that of `local` (what local_add said). */
void utc_add(struct buf *out, int64_t ms, const char *local);
/* "03:47:12 CET (02:47:12 UTC)" and "2026-11-24 03:47:12 CET (02:47:12 UTC)". */
void moment_add(struct buf *out, int64_t ms);
/* Is local time UTC by name then, so that the second would only say the first again? */
bool local_is_utc(int64_t ms);
/* Minutes that local time is east of Greenwich at that time. */
int local_offset(int64_t ms);
/* "--at" and "--date" as people type them: the last 03:47 (or 03:47:12), that of a date, or RFC 3339.  false
 * when they are no time. */
bool moment_parse(const char *at, const char *date, int64_t now, int64_t *ms);

#endif
