/* clock.c: times as people and protocols write them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_now(void)
{
	return clock_wall_ms() / 1000;
}

void rfc3339_format(int64_t ms, char out[RFC3339_LEN + 1])
{
	int64_t seconds = ms / 1000, rest = ms % 1000;
	if (rest < 0) {
		rest += 1000;
		seconds--;
	}
	time_t t = (time_t)seconds;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year + 1900 < 0)
		tm = (struct tm){.tm_year = 70, .tm_mday = 1}; /* four digits cannot say it */
	/* The bounds tell the compiler what gmtime_r guarantees. */
	snprintf(out, RFC3339_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100, (unsigned)rest % 1000);
}

/* Exactly `digits` decimal digits at *at. */
static bool number(const char **at, int digits, int min, int max, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return *value >= min && *value <= max;
}

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool day_exists(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

bool rfc3339_parse(const char *text, int64_t *ms)
{
	struct tm tm = {0};
	const char *at = text;
	int year, month, day, hour = 0, minute = 0, second = 0, milli = 0, offset = 0;
	if (!number(&at, 4, 1970, 9999, &year) || !skip(&at, '-') || !number(&at, 2, 1, 12, &month) ||
	    !skip(&at, '-') || !number(&at, 2, 1, 31, &day) || !day_exists(year, month, day))
		return false;
	if (*at) {
		if (*at != 'T' && *at != 't' && *at != ' ')
			return false;
		at++;
		if (!number(&at, 2, 0, 23, &hour) || !skip(&at, ':') || !number(&at, 2, 0, 59, &minute) ||
		    !skip(&at, ':') || !number(&at, 2, 0, 60, &second))
			return false;
		if (skip(&at, '.')) {
			int weight = 100, n = 0;
			for (; *at >= '0' && *at <= '9'; at++, n++, weight /= 10)
				milli += (*at - '0') * weight;
			if (!n)
				return false;
		}
		if (*at == 'Z' || *at == 'z') {
			at++;
		} else {
			int sign = *at == '-' ? -1 : 1, hours, minutes;
			if (*at != '+' && *at != '-')
				return false;
			at++;
			if (!number(&at, 2, 0, 23, &hours) || !skip(&at, ':') ||
			    !number(&at, 2, 0, 59, &minutes))
				return false;
			offset = sign * (hours * 60 + minutes);
		}
		if (*at)
			return false;
	}
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	time_t t = timegm(&tm);
	*ms = ((int64_t)t - offset * 60) * 1000 + milli;
	return true;
}

bool duration_parse(const char *text, int64_t *seconds)
{
	if (*text < '0' || *text > '9' || strlen(text) > 12)
		return false;
	char *end;
	long long n = strtoll(text, &end, 10);
	if (*end && end[1])
		return false;
	switch (*end) {
	case '\0':
	case 's':
		break;
	case 'm':
		n *= 60;
		break;
	case 'h':
		n *= 3600;
		break;
	case 'd':
		n *= 86400;
		break;
	case 'y':
		n *= 365LL * 86400;
		break;
	default:
		return false;
	}
	if (n > 3660LL * 86400)
		return false;
	*seconds = n;
	return true;
}

bool when_parse(const char *text, int64_t now_ms, int64_t *ms)
{
	int64_t seconds;
	if (!strcmp(text, "now")) {
		*ms = now_ms;
		return true;
	}
	if (duration_parse(text, &seconds) && text[strlen(text) - 1] > '9') {
		*ms = now_ms - seconds * 1000;
		return true;
	}
	const char *at = text;
	int hour, minute;
	if (number(&at, 2, 0, 23, &hour) && skip(&at, ':') && number(&at, 2, 0, 59, &minute) && !*at) {
		time_t now = (time_t)(now_ms / 1000);
		struct tm tm;
		localtime_r(&now, &tm);
		tm.tm_hour = hour;
		tm.tm_min = minute;
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		time_t t = mktime(&tm);
		if (t > now) {
			tm.tm_mday--;
			tm.tm_isdst = -1;
			t = mktime(&tm);
		}
		*ms = (int64_t)t * 1000;
		return true;
	}
	return rfc3339_parse(text, ms);
}
