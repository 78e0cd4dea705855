/* request.h: from what a shell asked to the signed command that is posted.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_REQUEST_H
#define BROKER_REQUEST_H

#include "common/token.h"
#include "common/uuid.h"
#include "common/wire.h"
#include "shell/broker/attributes.h"
#include <sys/types.h>

#define REQUEST_MAX_JWS (1u << 20) /* the approver's limit on a body */
#define REQUEST_TAIL 16

/* What the broker knows by itself; nothing of it is taken from the ask. */
struct request_context {
	const struct token *token;
	const char *user, *host;
	uid_t uid;
	int64_t now;            /* seconds since 1970 */
	int64_t review_timeout; /* seconds, when the ask names none */
};

struct request {
	char id[UUID_LEN + 1], session[UUID_LEN + 1];
	char *chain, *trace; /* to be handed on to the command, or NULL */
	int64_t exp;         /* seconds since 1970 */
	struct buf jws;
	struct buf typed; /* the line, when it was typed at a prompt and may be remembered */
	char s256[S256_LEN + 1];
	char tail[REQUEST_TAIL + 1]; /* shows the approver that a poll comes from who posted the command */
};

/* Build and sign; false with *why (nothing to finish then). */
bool request_build(struct request *request, const struct wire_message *ask,
		   const struct request_context *context, struct refusal *why);
void request_finish(struct request *request);

#endif
