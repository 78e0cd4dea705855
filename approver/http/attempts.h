/* attempts.h: failures counted by the address they come from.
 *
 * Addresses share places by hash: a neighbour's failures may be counted in, which costs only someone who
 * fails himself.  What succeeds is never limited, so nobody can lock anybody out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_ATTEMPTS_H
#define WHOSH_HTTP_ATTEMPTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { ATTEMPTS_WINDOW_S = 60, ATTEMPTS_PLACES = 1024 };

struct attempts {
	pthread_mutex_t lock;
	struct {
		int64_t since;
		int failures;
	} places[ATTEMPTS_PLACES];
};
#define ATTEMPTS_INIT                                                                                        \
	{                                                                                                    \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                            \
	}

/* Count a failure from this address; true when it has had more than so many within the window. */
bool attempts_too_many(struct attempts *attempts, const char *address, int allowed);

#endif
