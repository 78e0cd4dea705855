/* uuid.c: UUIDv7: 48 bits of milliseconds, then random bits (RFC 9562 section 5.7).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/uuid.h"
#include "common/clock.h"
#include "common/secure.h"

void uuid_new(char out[UUID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	secure_random(bytes, sizeof bytes);
	int64_t ms = clock_wall_ms();
	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
	bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0f));
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	char *at = out;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at = '\0';
}
