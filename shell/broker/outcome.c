/* outcome.c: how a command ended.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/outcome.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_REASON = 500 };

/* RFC 7493 section 2.2: what every reader of JSON takes for the same whole number. */
static const int64_t latest = (1LL << 53) - 1;

bool outcome_read(struct outcome *outcome, const struct wire_message *message)
{
	*outcome = (struct outcome){.kind = OUTCOME_EXITED};
	outcome->started = wire_number(message, WIRE_STARTED_MS, 0);
	outcome->ended = wire_number(message, WIRE_ENDED_MS, 0);
	int64_t code = wire_number(message, WIRE_EXIT, -1), number = wire_number(message, WIRE_SIGNAL, 0);
	if (outcome->started > latest || outcome->ended > latest)
		return false;
	outcome->left_behind = wire_number(message, WIRE_LEFT, 0) != 0;
	outcome->reason = wire_string(message, WIRE_NOT_RUN);
	if (outcome->reason) {
		outcome->kind = OUTCOME_NOT_RUN;
		return true;
	}
	if (number >= 1 && number < NSIG) {
		outcome->kind = OUTCOME_SIGNALED;
		outcome->signal = (int)number;
		return true;
	}
	outcome->exit = (int)code;
	return code >= 0 && code <= 255;
}

void outcome_finish(struct outcome *outcome)
{
	free(outcome->reason);
	outcome->reason = NULL;
}

static void signal_member(struct buf *text, int number)
{
	const char *name = sigabbrev_np(number);
	if (name)
		buf_addf(text, ",\"signal\":\"%s\"", name);
	else
		buf_addf(text, ",\"signal\":\"%d\"", number);
}

static void reason_member(struct buf *text, const char *reason)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, reason, strnlen(reason, LONGEST_REASON));
	if (visible.failed || !visible.len)
		return;
	buf_adds(text, ",\"reason\":");
	json_add_string(text, visible.data, visible.len);
}

bool outcome_sign(struct buf *out, char id[UUID_LEN + 1], const struct outcome *outcome,
		  const char *command_id, const char *command_s256, const struct token *token)
{
	static const char *const names[] = {"exited", "signaled", "not_run", "lost"};
	struct buf text BUF_AUTO = BUF_INIT;
	uuid_new(id);
	buf_addf(&text, "{\"jti\":\"%s\",\"iat\":%lld,\"aud\":", id, (long long)clock_now());
	json_add_string(&text, token->aud, strlen(token->aud));
	buf_adds(&text, ",\"sub\":");
	json_add_string(&text, token->sub, strlen(token->sub));
	buf_addf(&text, ",\"command\":\"%s\",\"command_s256\":\"%s\",\"outcome\":\"%s\"", command_id,
		 command_s256, names[outcome->kind]);
	if (outcome->kind == OUTCOME_EXITED)
		buf_addf(&text, ",\"exit\":%d", outcome->exit);
	if (outcome->kind == OUTCOME_SIGNALED)
		signal_member(&text, outcome->signal);
	if (outcome->started > 0)
		buf_addf(&text, ",\"started\":%lld", (long long)outcome->started);
	if (outcome->ended > 0)
		buf_addf(&text, ",\"ended\":%lld", (long long)outcome->ended);
	if (outcome->reason)
		reason_member(&text, outcome->reason);
	if (outcome->left)
		buf_addf(&text, ",\"left\":%zu", outcome->left);
	buf_addc(&text, '}');
	return !text.failed && jws_sign(out, JWS_OUTCOME, text.data, text.len, token->key) && !out->failed;
}
