/* command_work.h: one command between its signature having been believed and its answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_COMMAND_WORK_H
#define WHOSH_COMMAND_COMMAND_WORK_H

#include "approver/identity/chain.h"
#include "approver/command/claims.h"
#include "approver/command/live.h"
#include "approver/command/policy_box.h"
#include "approver/http/request.h"
#include "approver/command/writer.h"

/* What the claims and the policy's decision say, kept until the answer; the row that is stored borrows from
 * it. */
struct command_work {
	struct work work;
	struct command_claims claims;
	struct policy_decision decision;
	struct held_policy *policy;
	struct chain *delegation; /* NULL: it came without a principal chain */
	struct command_row row;   /* borrows from everything here */
	struct buf chain, detail, permit;
	char s256[S256_LEN + 1], tail[TAIL_LEN + 1];
	char *lineage;             /* see lineage.h; NULL: the agent, its owner and the credential */
	struct kill *killed;       /* why it was dropped */
	bool decided;              /* `decision` is to be finished */
	bool taken_away, repeated; /* why it was dropped; else the session is another's */
	char why[CHAIN_WHY];       /* when it was taken away */
	enum problem problem;      /* and what that is */
};

void command_work_free(struct command_work *work);

/* Hand the filled work to the writer, which records the decision, answers and frees it.  Suspends the
 * request. */
void command_work_push(struct command_work *work, struct request *request);

/* How a command stands by the store, as the answer to the one who posted it: its permit (200) or that it is
 * pending (202).  request->param is the ID, request->body the JWS. */
bool answer_as_stored(struct request *request);
/* The same request is being written just now: answer as stored once it is.  Returns as a handler does. */
bool answer_after_first(struct request *request);

#endif
