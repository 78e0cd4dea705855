/* waiting.h: what a person at a terminal sees while a reviewer decides.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WAITING_H
#define WHOSH_WAITING_H

#include "common/wire.h"

/* What a WAITING frame says of whom is waited for, visible; malloc'd, NULL when out of memory. */
char *waiting_words(const struct wire_message *waiting);
/* Show on standard error what is waited for, and since when (clock_mono_ms); NULL erases the line. */
void waiting_show(const char *words, int64_t since);

#endif
