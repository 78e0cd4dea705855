/* keys.h: what is inside a key of jws.h; only keys.c and jws.c look.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KEYS_H
#define WHOSH_KEYS_H

#include "common/jws.h"
#include <sodium.h>

struct signing_key {
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
};

struct public_key {
	unsigned char point[crypto_sign_PUBLICKEYBYTES];
};

#endif
