/* keyfile.h: a file that holds a private key: what its key looks like, how it is forgotten.
 *
 * token_file.h says how it is opened and where it may lie, token.h and person.h what else is in it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KEYFILE_H
#define WHOSH_KEYFILE_H

#include "common/json.h"
#include "common/jws.h"
#include "common/token_file.h"

/* Load its JSON (free it with keyfile_forget) from a `*place`, as token_file_open has it.  NULL with a
 * malloc'd sentence in *error, which never holds a byte of the file's content; `what` is what it should be
 * ("a token file"). */
cJSON *keyfile_load(const char *path, const char *what, enum token_place *place, char **error);
/* Free it, every string in it wiped. */
void keyfile_forget(cJSON *json);

/* The private key of a JWK (kty, crv, x, d); NULL when it is none. */
struct signing_key *jwk_private(const cJSON *jwk);
/* Append "jwk":{…} with the private key.  Secret: buf_wipe it. */
void jwk_private_add(struct buf *out, const struct signing_key *key);

#endif
