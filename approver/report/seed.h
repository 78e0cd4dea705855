/* seed.h: what decides which records a report shows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_SEED_H
#define WHOSH_REPORT_SEED_H

#include "approver/report/pick.h"
#include "approver/store/store.h"
#include <stddef.h>

/* The seed of a log of so many events, as 64 hexadecimal digits, and in `of` where it is from.  0 or -1. */
int report_seed(struct store_reader *reader, int64_t log_size, char seed[SEED_LEN + 1], char *of,
		size_t size);

#endif
