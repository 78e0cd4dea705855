/* attempts.c: see attempts.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/attempts.h"
#include "common/clock.h"

bool attempts_too_many(struct attempts *attempts, const char *address, int allowed)
{
	uint32_t h = 2166136261u;
	for (const char *c = address; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&attempts->lock);
	int *failures = &attempts->places[h % ATTEMPTS_PLACES].failures;
	int64_t *since = &attempts->places[h % ATTEMPTS_PLACES].since;
	if (!*since || now - *since > ATTEMPTS_WINDOW_S * 1000) {
		*since = now;
		*failures = 0;
	}
	bool many = ++*failures > allowed;
	pthread_mutex_unlock(&attempts->lock);
	return many;
}
