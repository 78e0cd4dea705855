/* person.h: a person's key file: what whoctl signs the first hop of a chain with.
 *
 *     {"v":1,"person":NAME,"aud":APPROVER,"exp":…,"jwk":{"kty":"OKP","crv":"Ed25519","x":…,"d":…}}
 *
 * Mode 0400, checked as keyfile.h says.  It is no token file: an agent's program refuses it, and whoctl
 * refuses an agent's.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_PERSON_H
#define WHOSH_PERSON_H

#include "common/jws.h"

struct person {
	char *name, *aud;
	int64_t exp; /* seconds since 1970 */
	struct signing_key *key;
};

/* NULL with a malloc'd sentence in *error.  Whether it has expired is for the caller to ask. */
struct person *person_load(const char *path, char **error);
void person_free(struct person *person);
/* Append the file's JSON.  Secret: buf_wipe it. */
void person_format(struct buf *out, const struct person *person);

#endif
