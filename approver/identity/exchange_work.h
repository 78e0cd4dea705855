/* exchange_work.h: the credential that a token is exchanged for, on its way through the writer.
 *
 * One token makes one credential.  What is remembered is the hash of what of the token is signed (not of its
 * signature, which for ECDSA can be written in more than one way) and its jti: the same token with the same
 * key again is a retry and gets the same answer; with another key it is a token that somebody else has got
 * hold of, and is refused and logged.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_EXCHANGE_WORK_H
#define WHOSH_IDENTITY_EXCHANGE_WORK_H

#include "approver/http/request.h"
#include "approver/oidc/judge.h"

/* Suspend the request and hand over.  `token` is the hash of the token's signed part; the judgement is taken
 * over. */
void exchange_work_push(struct request *request, struct judgement *judgement, const char token[S256_LEN + 1],
			const unsigned char key[KEY_BYTES]);

#endif
