/* derive.h: the columns of a command that its signed messages say.
 *
 * They are filled by the same functions when a command comes and when the tables are made again from the log,
 * so that both are the same.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_DERIVE_H
#define WHOSH_STORE_DERIVE_H

#include "approver/command/claims.h"
#include "approver/store/store.h"

enum { TAIL_LENGTH = 16 };

/* What stays alive while a row borrows from it. */
struct derived {
	struct command_claims claims;
	struct outcome_claims outcome;
	cJSON *permit;
	struct buf payload, detail, reviewers;
	char s256[44], tail[TAIL_LENGTH + 1];
};
void derived_finish(struct derived *derived);

/* Set the columns that claims have: agent, session, line and so on, all of the agent's word. */
void derive_claims(struct command_row *row, const struct command_claims *claims);

/* Set what a command's JWS says: its claims, and `task`, `detail`, `command_s256`, `live_tail`. */
bool derive_command(struct command_row *row, struct derived *derived, const char *jws, size_t len);
/* The principals of an agent without a delegation: its owner, since its enrolment, and itself, with the task
 * that it claims (or NULL).  The head is what all of its commands share. */
void derive_chain_head(struct buf *out, const char *agent, const char *owner, int64_t since);
void derive_chain_end(struct buf *out, const char *task);
/* Set what its permit says: state, seq, verdict, cause, rule, policy, reason, reviewers, log_index; and its
 * ID. */
bool derive_decision(struct command_row *row, struct derived *derived, const char *jws, size_t len);
/* Set what the outcome says; and the command's ID. */
bool derive_outcome(struct command_row *row, struct derived *derived, const char *jws, size_t len);
void derive_outcome_claims(struct command_row *row, const struct outcome_claims *claims);

#endif
