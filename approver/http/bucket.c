/* bucket.c: see bucket.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/bucket.h"
#include "common/clock.h"

bool bucket_take(struct bucket *b, int64_t cost)
{
	int64_t now = clock_mono_ms() / 1000;
	pthread_mutex_lock(&b->lock);
	b->left = b->filled ? b->left + (now - b->filled) * b->rate : b->most;
	b->filled = now;
	if (b->left > b->most)
		b->left = b->most;
	bool yes = b->left >= cost;
	b->left -= yes ? cost : 0;
	pthread_mutex_unlock(&b->lock);
	return yes;
}
