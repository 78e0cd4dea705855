/* token.h: the token file: one agent's credential (design: mode 0400, JSON, at most 4 KiB).
 *
 *     {"v":1,"sub":AGENT,"aud":APPROVER,"nbf":…,"exp":…,"agent_version":…,
 *      "jwk":{"kty":"OKP","crv":"Ed25519","x":…,"d":…}}
 *
 * Opened and checked as token_file.h says; else refused with the reason.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TOKEN_H
#define WHOSH_TOKEN_H

#include "common/jws.h"
#include "common/token_file.h"

struct token {
	char *sub, *aud;
	char *agent_version;           /* NULL when not in the file */
	int64_t nbf, exp;              /* seconds since 1970 */
	char credential[S256_LEN + 1]; /* thumbprint of the public key */
	struct signing_key *key;
	enum token_place place; /* where it was found */
};

/* Load and check; NULL with a malloc'd sentence in *error (never a byte of the file's content).  Times are
 * checked by token_valid_now, so that --check can show an expired one. */
struct token *token_load(const char *path, char **error);
/* The same of a file that lies as systemd's credentials do (TOKEN_SYSTEMD). */
struct token *token_load_from(const char *path, enum token_place place, char **error);
void token_free(struct token *token);
/* NULL when usable at `now`, else a static phrase ("expired", "not valid yet"). */
const char *token_unusable(const struct token *token, int64_t now);
/* Append the file's JSON for a new credential.  Secret: buf_wipe it. */
void token_format(struct buf *out, const struct token *token);

#endif
