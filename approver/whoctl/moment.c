/* moment.c: times in pages for people; see moment.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/moment.h"
#include "common/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool broken_down(int64_t ms, struct tm *tm)
{
	time_t seconds = (time_t)(ms / 1000);
	return localtime_r(&seconds, tm) != NULL;
}

void local_add(struct buf *out, int64_t ms, bool zone)
{
	struct tm tm;
	char text[64];
	if (!broken_down(ms, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm)) {
		buf_addf(out, "@%lld", (long long)(ms / 1000));
		return;
	}
	buf_adds(out, text);
	if (!zone)
		return;
	/* A zone without a name of its own is named by its offset already: "+03". */
	if (strftime(text, sizeof text, "%Z", &tm))
		buf_addf(out, " %s", text);
}

void utc_add(struct buf *out, int64_t ms, const char *local)
{
	char text[RFC3339_LEN + 1];
	rfc3339_format(ms, text);
	if (!local || strncmp(local, text, 10))
		buf_addf(out, "%.10s ", text);
	buf_addf(out, "%.8s UTC", text + 11);
}

void moment_add(struct buf *out, int64_t ms)
{
	struct buf local BUF_AUTO = BUF_INIT;
	local_add(&local, ms, true);
	buf_adds(out, local.data ? local.data : "");
	if (local_is_utc(ms))
		return;
	buf_adds(out, " (");
	utc_add(out, ms, local.data);
	buf_addc(out, ')');
}

bool local_is_utc(int64_t ms)
{
	struct tm tm;
	char zone[8];
	return broken_down(ms, &tm) && tm.tm_gmtoff == 0 && strftime(zone, sizeof zone, "%Z", &tm) &&
	       !strcmp(zone, "UTC");
}

int local_offset(int64_t ms)
{
	struct tm tm;
	return broken_down(ms, &tm) ? (int)(tm.tm_gmtoff / 60) : 0;
}

static bool two_digits(const char **at, int most, int *value)
{
	const char *p = *at;
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*value = (p[0] - '0') * 10 + p[1] - '0';
	*at += 2;
	return *value <= most;
}

/* "03:47", "03:47:12" */
static bool clock_parse(const char *text, struct tm *tm)
{
	tm->tm_sec = 0;
	if (!two_digits(&text, 23, &tm->tm_hour) || *text++ != ':' || !two_digits(&text, 59, &tm->tm_min))
		return false;
	if (!*text)
		return true;
	return *text++ == ':' && two_digits(&text, 59, &tm->tm_sec) && !*text;
}

static bool local_ms(struct tm *tm, int64_t *ms)
{
	tm->tm_isdst = -1;
	time_t t = mktime(tm);
	*ms = (int64_t)t * 1000;
	return t != (time_t)-1;
}

bool moment_parse(const char *at, const char *date, int64_t now, int64_t *ms)
{
	struct tm tm = {0};
	int64_t midnight;
	if (!clock_parse(at, &tm))
		return !date && rfc3339_parse(at, ms);
	if (date) {
		if (strlen(date) != 10 || !rfc3339_parse(date, &midnight))
			return false;
		sscanf(date, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		tm.tm_year -= 1900;
		tm.tm_mon--;
		return local_ms(&tm, ms);
	}
	struct tm today;
	if (!broken_down(now, &today))
		return false;
	tm.tm_year = today.tm_year;
	tm.tm_mon = today.tm_mon;
	tm.tm_mday = today.tm_mday;
	struct tm yesterday = tm;
	yesterday.tm_mday--;
	return local_ms(&tm, ms) && (*ms <= now || local_ms(&yesterday, ms));
}
