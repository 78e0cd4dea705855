/* claims.h: the payload of a command JWS, taken apart.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_CLAIMS_H
#define WHOSH_COMMAND_CLAIMS_H

#include "approver/policy/policy_session.h"
#include "common/json.h"

/* Strings are borrowed from `tree`, NULL when absent.  Numbers absent are 0. */
struct command_claims {
	cJSON *tree;
	const char *jti, *aud, *sub, *sid, *parent, *agent_version, *model, *task, *task_sha256, *chain,
	    *harness, *trace;
	int64_t iat, exp, review_timeout;
	const cJSON *command, *sources;

	const char *mode, *line, *cwd, *user, *host;
	size_t line_len;
	struct buf line_bytes; /* where `line` is when it came as line_b64 */
	const cJSON *argv, *env_kept;
	struct policy_session session; /* what it has changed for this line */
};

/* Take apart `len` bytes of payload.  false when it is not a command, with a static phrase or text in `why`.
 * Finish it either way. */
bool command_claims_parse(struct command_claims *claims, const char *payload, size_t len, char why[160]);
void command_claims_finish(struct command_claims *claims);

/* Everything that has no column of its own, as the JSON object that is stored as a row's `detail`. */
void command_claims_detail(const struct command_claims *claims, struct buf *out);

struct outcome_claims {
	cJSON *tree;
	const char *jti, *aud, *sub, *command, *command_s256, *outcome, *signal, *reason;
	int64_t iat, exit, started, ended, left; /* left: so many processes of it live on */
	bool has_exit;
};
bool outcome_claims_parse(struct outcome_claims *claims, const char *payload, size_t len, char why[160]);
void outcome_claims_finish(struct outcome_claims *claims);

/* Append any JSON value, compact. */
void json_emit(struct buf *out, const cJSON *value);

#endif
