/* retry.h: when to try again, and when to say that the approver is away.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_RETRY_H
#define BROKER_RETRY_H

#include <stdint.h>

enum failure {
	FAILURE_NONE,
	FAILURE_ABSENT,    /* nobody listens, no such host: given up after 2 s */
	FAILURE_TRANSIENT, /* timed out, reset, 503, 429: given up after 10 s */
	FAILURE_UNTRUSTED  /* wrong certificate, no TLS 1.3: another try would not help */
};

#define RETRY_ABSENT_MS 2000
#define RETRY_TRANSIENT_MS 10000

/* How long to wait before the next try of something a shell waits for, in milliseconds; -1: give up.
 * `tries` have failed so far (from 1), `spent` ms since the first began; `after` is the approver's
 * Retry-After in ms, 0 if none.  Jittered, so that 2,000 shells do not come back in step. */
int64_t retry_delay(enum failure failure, unsigned tries, int64_t spent, int64_t after);

/* The same for work in the background, which is never given up: grows to `most` milliseconds. */
int64_t retry_background(unsigned tries, int64_t most);

#endif
