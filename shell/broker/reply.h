/* reply.h: the frames that a broker sends to a shell.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_REPLY_H
#define BROKER_REPLY_H

#include "common/buf.h"
#include "shell/broker/request.h"

void reply_hello(struct buf *out);
/* What is waited for; rule and reason may be NULL. */
struct waiting {
	const char *rule, *reason;
	int64_t reviewers; /* how many must approve */
	int64_t expires;   /* seconds since 1970 */
};
void reply_waiting(struct buf *out, const char *id, const struct waiting *waiting);
/* Run it; with the variables that tell systems further down who runs it. */
void reply_permit(struct buf *out, const struct request *request, const char *agent, int64_t lease_ms);
/* `rule`, `id` and `hint` may be NULL. */
void reply_refused(struct buf *out, int status, const char *reason, const char *rule, const char *id,
		   const char *hint);
/* The chain for the delegate. */
void reply_delegated(struct buf *out, const char *chain);
void reply_done(struct buf *out);
/* The command is being ended; `own`: the shell is to do it. */
void reply_kill(struct buf *out, const char *reason, bool own);

#endif
