/* jwk.h: an Ed25519 public key as a JWK (RFC 7517, RFC 8037).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_JWK_H
#define WHOSH_JWK_H

#include "common/json.h"
#include "common/jws.h"

/* Read exactly {"kty":"OKP","crv":"Ed25519","x":…}; false when it is anything else, or not a usable key. */
bool jwk_ed25519(const cJSON *jwk, unsigned char x[KEY_BYTES]);

#endif
