/* identity.h: whose signature is this?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_IDENTITY_H
#define WHOSH_IDENTITY_IDENTITY_H

#include "approver/http/request.h"
#include "approver/identity/registry.h"

/* The credential of `agent` that signed the JWS, whatever its state (revoked ones too, so that the refusal
 * can say what happened); NULL when none did.  `named` is tried first: the credential that the request says
 * it is, or NULL. */
struct credential *identity_signer(struct agent *agent, struct credential *named, const char *jws,
				   size_t len);
/* The credential that the request names in the header Whosh-Credential, a hint where to look and nothing
 * more; NULL. */
struct credential *identity_named(struct request *request);

/* NULL when the credential may be used at `now` (ms); else the reason, and whether it was taken away (403)
 * rather than out of its time (401) in *revoked. */
const char *identity_unusable(const struct credential *credential, int64_t now, bool *revoked);
/* Was it revoked, or its agent disabled?  For the writer, before it signs: what was believed on another
 * thread may have been taken away, and that answered, since.  NULL: yes. */
bool identity_taken_away(const struct credential *credential);

#endif
