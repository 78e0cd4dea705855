/* bench.h: what the measuring programs share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TESTS_BENCH_H
#define WHOSH_TESTS_BENCH_H

#include <stddef.h>
#include <time.h>

/* Milliseconds that never step, finer than clock_mono_ms has them. */
static inline double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A CURLOPT_WRITEFUNCTION for answers that nobody reads. */
static inline size_t ignore(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

#endif
