/* jwk.h: the public half of a key pair as the approver is sent it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_JWK_H
#define WHOSH_WHOCTL_JWK_H

#include "common/json.h"
#include "common/jws.h"

/* Add "jwk":{"kty","crv","x"} to a request's body; what memory does not suffice for is left out, and the
 * approver refuses it. */
void jwk_public_add(cJSON *body, const struct signing_key *key);

#endif
