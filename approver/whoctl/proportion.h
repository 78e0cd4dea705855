/* proportion.h: do two shares differ by more than chance?
 *
 * The two-proportion z-test with the pooled share, two-sided.  It takes lines for independent of each other,
 * which the lines of one session are not quite: see whoctl(1).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_PROPORTION_H
#define WHOSH_WHOCTL_PROPORTION_H

#include <stdint.h>

struct share {
	int64_t count, of;
};

enum finding {
	FINDING_TOO_FEW, /* fewer than five would be expected in some cell: the test says nothing */
	FINDING_CHANCE,  /* p >= 0.05 */
	FINDING_DIFFERS  /* p below the bound */
};

/* Compare; *p_below is the least of 0.05, 0.01 and 0.001 that p is below when they differ, else 1. */
enum finding shares_compare(const struct share *a, const struct share *b, double *p_below);

#endif
