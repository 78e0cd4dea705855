/* proportion.c: do two shares differ by more than chance?  See proportion.h.
 *
 * The square of z is held against the squares of the bounds, so no root and no error function is needed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/proportion.h"
#include <stddef.h>

#define LEAST_EXPECTED 5.0

static const struct {
	double z_squared, p;
} bounds[] = {{10.8276, 0.001}, {6.6349, 0.01}, {3.8415, 0.05}};

enum finding shares_compare(const struct share *a, const struct share *b, double *p_below)
{
	*p_below = 1;
	if (a->of <= 0 || b->of <= 0)
		return FINDING_TOO_FEW;
	double na = (double)a->of, nb = (double)b->of;
	double pooled = (double)(a->count + b->count) / (na + nb);
	double rarer = pooled < 0.5 ? pooled : 1 - pooled;
	if ((na < nb ? na : nb) * rarer < LEAST_EXPECTED)
		return FINDING_TOO_FEW;
	double apart = (double)a->count / na - (double)b->count / nb;
	double z_squared = apart * apart / (pooled * (1 - pooled) * (1 / na + 1 / nb));
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (z_squared > bounds[i].z_squared) {
			*p_below = bounds[i].p;
			return FINDING_DIFFERS;
		}
	return FINDING_CHANCE;
}
