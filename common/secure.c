/* secure.c: small means of keeping secrets secret.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/secure.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

void secure_process(bool keep_core_limit)
{
	prctl(PR_SET_DUMPABLE, 0);
	if (!keep_core_limit) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
	}
}

void secure_wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}

bool secure_equal(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;
	volatile unsigned char difference = 0;
	for (size_t i = 0; i < len; i++)
		difference = (unsigned char)(difference | (x[i] ^ y[i]));
	return difference == 0;
}

void secure_random(void *bytes, size_t len)
{
	unsigned char *at = bytes;
	while (len) {
		ssize_t got = getrandom(at, len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		len -= (size_t)got;
	}
}
