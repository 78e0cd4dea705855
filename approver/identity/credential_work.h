/* credential_work.h: a credential is issued, or rotated: one agent, one key.
 *
 * Decided in the writer, where nothing changes meanwhile: of two that ask at the same time one gets the
 * answer that there is a credential already.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_CREDENTIAL_WORK_H
#define WHOSH_IDENTITY_CREDENTIAL_WORK_H

#include "approver/identity/registry.h"
#include "approver/http/request.h"

struct credential_ask {
	struct agent *agent;
	unsigned char key[KEY_BYTES];
	char id[S256_LEN + 1];
	int64_t expires_s, overlap_s;
	bool rotate;
	const char *by; /* the operator: stays as long as the server */
};

/* Suspend the request and hand the ask over; the answer is 201 with the credential, or says why not. */
void credential_work_push(const struct credential_ask *ask, struct request *request);
/* Refuse a key that is known already, with an alert when it is another agent's. */
bool refuse_known_key(struct request *request, struct credential *known, const struct agent *agent);
/* Append a credential as JSON, the object left open. */
void credential_emit(struct buf *out, struct credential *credential);

#endif
