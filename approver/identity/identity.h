/* identity.h: whose signature is this?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_IDENTITY_H
#define WHOSH_IDENTITY_IDENTITY_H

#include "approver/identity/registry.h"

/* The credential of `agent` that signed the JWS, whatever its state (revoked ones too, so that the refusal
 * can say what happened); NULL when none did. */
struct credential *identity_signer(struct agent *agent, const char *jws, size_t len);

/* NULL when the credential may be used at `now` (ms); else the reason, and whether it was taken away (403)
 * rather than out of its time (401) in *revoked. */
const char *identity_unusable(const struct credential *credential, int64_t now, bool *revoked);
/* Was it revoked, or its agent disabled?  For the writer, before it signs: what was believed on another
 * thread may have been taken away, and that answered, since.  NULL: yes. */
bool identity_taken_away(const struct credential *credential);

#endif
