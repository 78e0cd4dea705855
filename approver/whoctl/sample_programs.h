/* sample_programs.h: which programs a line runs, by the parser that the policy uses.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_SAMPLE_PROGRAMS_H
#define WHOSH_WHOCTL_SAMPLE_PROGRAMS_H

#include "approver/whoctl/sample.h"

/* Count each program of the line once, by the last part of its path, and the line's classes.  Of a line that
 * the parser doubts only that is counted.  false when out of memory. */
bool count_programs(struct sample *sample, const char *line, size_t len);

#endif
