/* keys.h: what is inside a key of jws.h; only keys.c and jws.c look.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KEYS_H
#define WHOSH_KEYS_H

#include "common/jws.h"
#include <openssl/evp.h>

struct signing_key {
	EVP_PKEY *pkey;
};

struct public_key {
	EVP_PKEY *pkey;
};

#endif
