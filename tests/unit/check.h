/* check.h: a small harness for unit tests: each says what a user would lose if it failed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TESTS_CHECK_H
#define WHOSH_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static int checks_passed, checks_failed;

/* One fact, and what is lost when it is not one. */
static void holds(const char *lost, bool fact)
{
	printf("%s %s\n", fact ? "ok" : "not ok", lost);
	*(fact ? &checks_passed : &checks_failed) += 1;
}

static int checks_end(void)
{
	printf("%d passed, %d failed\n", checks_passed, checks_failed);
	return checks_failed != 0;
}

#endif
