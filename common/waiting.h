/* waiting.h: what a person at a terminal sees while a reviewer decides.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WAITING_H
#define WHOSH_WAITING_H

#include "common/wire.h"

/* What a WAITING frame says of whom is waited for, visible; malloc'd, NULL when out of memory. */
char *waiting_words(const struct wire_message *waiting);
/* Show on standard error what is waited for, and since when (clock_mono_ms); NULL erases the line.  Nothing
 * is shown before WAITING_QUIET_MS: an answer that comes at once would make it flash. */
enum { WAITING_QUIET_MS = 300 };
void waiting_show(const char *words, int64_t since);
/* How long to wait before the next waiting_show, which is to be every `tick` ms. */
int waiting_tick(int64_t since, int tick);

#endif
