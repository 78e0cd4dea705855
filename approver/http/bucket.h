/* bucket.h: so much at once, and then so much a second.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_BUCKET_H
#define WHOSH_HTTP_BUCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Full at first.  Statically: {.lock = PTHREAD_MUTEX_INITIALIZER, .most = 20, .rate = 1}. */
struct bucket {
	pthread_mutex_t lock;
	int64_t filled, left, most, rate;
};

/* Take that much out; false, with nothing taken, when there is less in it. */
bool bucket_take(struct bucket *bucket, int64_t cost);

#endif
