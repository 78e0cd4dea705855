/* delegation_work.h: a new hop on its way into the log; and what the approver attests itself.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_DELEGATION_WORK_H
#define WHOSH_IDENTITY_DELEGATION_WORK_H

#include "approver/identity/chain.h"
#include "approver/http/request.h"

/* Says the answer when the hop is logged, on the writer's thread. */
typedef void delegation_answer(struct request *request, const struct chain *chain, int64_t log_index,
			       void *context);

/* Log the last hop of `chain` (taken over), then answer.  `context` is freed after (free).  Suspends the
 * request; returns as a handler does. */
bool delegation_log(struct request *request, struct chain *chain, delegation_answer *answer, void *context);

/* What the approver's own hop 0 says. */
struct attested {
	const char *human, *task, *scope /* JSON, or NULL */;
	struct credential *credential; /* of the agent it is handed to */
	int64_t expires_s, max_depth;
	bool enrolment; /* asked for by the agent, for its owner; the task is its own word */
};
/* Sign it and verify it like any other; NULL with `why`. */
struct chain *delegation_attest(struct server *server, const struct attested *attested, char *why);

/* The newest credential of the agent that is usable now; NULL when it has none. */
struct credential *delegation_credential(struct agent *agent);

#endif
