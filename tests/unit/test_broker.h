/* test_broker.h: what the broker's unit tests share: checks that are counted, keys, frames as a shell sends
 * them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_BROKER_H
#define TEST_BROKER_H

#include "common/clock.h"
#include "common/json.h"
#include "common/token.h"
#include "common/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures, failed_here, passed_tests;

#define EXPECT(condition)                                                                                    \
	do                                                                                                   \
		if (!(condition)) {                                                                          \
			printf("  %s:%d: %s\n", __FILE__, __LINE__, #condition);                             \
			failed_here++;                                                                       \
		}                                                                                            \
	while (0)

/* Run one test function; its name is printed with the verdict. */
#define RUN(function)                                                                                        \
	do {                                                                                                 \
		failed_here = 0;                                                                             \
		function();                                                                                  \
		printf("%s %s\n", failed_here ? "not ok" : "ok", #function);                                 \
		failed_here ? failures++ : passed_tests++;                                                   \
	} while (0)

static inline int finish_tests(void)
{
	printf("%d passed, %d failed\n", passed_tests, failures);
	return failures != 0;
}

static inline bool text_is(const char *text, const char *expected)
{
	return text && !strcmp(text, expected);
}

#endif
