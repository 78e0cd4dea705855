/* credential_json.h: a credential as the approver writes it, and its public key as the approver reads it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_CREDENTIAL_JSON_H
#define WHOSH_HTTP_CREDENTIAL_JSON_H

#include "approver/store/store.h"
#include "common/json.h"
#include "common/jws.h"

/* Append its members; the object is left open. */
void credential_emit(struct buf *out, const struct credential_row *row);
/* {"kty":"OKP","crv":"Ed25519","x":…} as 32 bytes of a usable key; false when it is none. */
bool credential_jwk(const cJSON *jwk, unsigned char x[KEY_BYTES]);

#endif
