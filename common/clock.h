/* clock.h: times as people and protocols write them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_CLOCK_H
#define WHOSH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define RFC3339_LEN 24 /* 2026-11-23T03:47:12.345Z */

/* Milliseconds since 1970 (CLOCK_REALTIME), and milliseconds that never step (CLOCK_MONOTONIC). */
int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
/* Seconds since 1970: JOSE NumericDate. */
int64_t clock_now(void);

/* Write `ms` as RFC 3339 in UTC with milliseconds. */
void rfc3339_format(int64_t ms, char out[RFC3339_LEN + 1]);
/* Read RFC 3339 (any offset, optional fraction; a bare date is midnight UTC); false if it is none. */
bool rfc3339_parse(const char *text, int64_t *ms);
/* Read a duration: "90", "90s", "15m", "1h", "7d", "1y" (seconds when bare; a year is 365 days).  false if
 * none, negative or > 10 years. */
bool duration_parse(const char *text, int64_t *seconds);
/* Read a point in time as people type it: RFC 3339, "HH:MM" (today, or yesterday when still to come; local
 * time), "2h" (that long ago), "now". */
bool when_parse(const char *text, int64_t now_ms, int64_t *ms);

#endif
