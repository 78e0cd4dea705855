/* secure.h: small means of keeping secrets secret.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECURE_H
#define WHOSH_SECURE_H

#include <stdbool.h>
#include <stddef.h>

/* No core dump, no ptrace, no /proc/PID/mem for others: PR_SET_DUMPABLE 0 and RLIMIT_CORE 0.
 * keep_core_limit: leave RLIMIT_CORE alone, for whosh, whose child must inherit it as it came. */
void secure_process(bool keep_core_limit);
/* Overwrite memory so that the compiler cannot leave it out. */
void secure_wipe(void *bytes, size_t len);
/* Compare in time that does not depend on the content. */
bool secure_equal(const void *a, const void *b, size_t len);
/* Fill with random bytes from the kernel; aborts when there are none. */
void secure_random(void *bytes, size_t len);

#endif
