/* outcome.h: how a command ended, as the shell tells it and as it is signed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_OUTCOME_H
#define BROKER_OUTCOME_H

#include "common/token.h"
#include "common/uuid.h"
#include "common/wire.h"

enum outcome_kind {
	OUTCOME_EXITED,
	OUTCOME_SIGNALED,
	OUTCOME_NOT_RUN, /* approved, but never started */
	OUTCOME_LOST     /* started; nobody is left who knows how it ended */
};

struct outcome {
	enum outcome_kind kind;
	int exit, signal;
	int64_t started, ended; /* ms since 1970, 0: not known */
	char *reason;           /* malloc'd or NULL */
	bool left_behind;       /* the shell says that processes are left */
	size_t left;            /* how many were found */
};

/* Read an OUTCOME frame; false when it says nothing that makes sense. */
bool outcome_read(struct outcome *outcome, const struct wire_message *message);
void outcome_finish(struct outcome *outcome);

/* Append the outcome JWS of a command; its own ID is put in `id`. */
bool outcome_sign(struct buf *out, char id[UUID_LEN + 1], const struct outcome *outcome,
		  const char *command_id, const char *command_s256, const struct token *token);

#endif
