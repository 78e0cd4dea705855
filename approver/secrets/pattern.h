/* pattern.h: what one pattern is; only the two files that hold tables of them look.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_PATTERN_H
#define WHOSH_SECRETS_PATTERN_H

#include "approver/secrets/patterns.h"

/* Which bytes may follow the prefix: one bit each. */
struct byte_set {
	unsigned long long bits[4];
};
static inline bool byte_in(const struct byte_set *set, char byte)
{
	unsigned char b = (unsigned char)byte;
	return set->bits[b >> 6] >> (b & 63) & 1;
}
/* "A-Za-z0-9_-": ranges and single characters.  false: not printable ASCII, a range that runs backward, or
 * nothing at all. */
bool byte_set_read(struct byte_set *set, const char *spec);

/* Where what follows a prefix ends: `least` to `most` bytes of the set, and none of it after that; 0. */
size_t tail_end(const struct byte_set *set, const char *text, size_t len, size_t at, size_t least,
		size_t most);

/* Does one of the operator's begin here?  Where it ends, or 0. */
size_t own_pattern_end(const struct own_patterns *own, const char *text, size_t len, size_t at);

#endif
