/* retry.c: when to try again.
 *
 * Retrying is safe because the very same JWS is posted again and the approver knows it by its jti.  The waits
 * double from 100 ms; a quarter of each is random.  Nobody listening is an answer of its own: an approver
 * that restarts is back within two seconds, one that is down should be reported quickly.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/retry.h"
#include "common/secure.h"

static int64_t growing(unsigned tries, int64_t most)
{
	int64_t wait = 100;
	for (unsigned i = 1; i < tries && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	uint32_t random;
	secure_random(&random, sizeof random);
	return wait - wait / 8 + random % (wait / 4 + 1);
}

int64_t retry_delay(enum failure failure, unsigned tries, int64_t spent, int64_t after)
{
	if (failure != FAILURE_ABSENT && failure != FAILURE_TRANSIENT)
		return -1;
	int64_t limit = failure == FAILURE_ABSENT ? RETRY_ABSENT_MS : RETRY_TRANSIENT_MS;
	int64_t wait = growing(tries, 2000);
	if (wait < after)
		wait = after;
	return spent + wait >= limit ? -1 : wait;
}

int64_t retry_background(unsigned tries, int64_t most)
{
	return growing(tries, most);
}
