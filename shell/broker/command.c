/* command.c: the life of one command.
 *
 *     ASKING ──▶ WAITING ──▶ PERMITTED ──▶ RUNNING ──▶ REPORTED ──▶ LEFT
 *        └────────────────────▲
 *
 * A shell may go at any time.  What must follow depends on how far it had come:
 *     asking      a request may be on its way: its answer is awaited, then withdrawn or reported as not run;
 *                 one that still waits for its turn is forgotten
 *     waiting     DELETE: the approver need not bother a reviewer any more
 *     permitted   outcome "not_run"
 *     running     outcome "lost": what became of the command nobody knows; ending.c says it of one that is
 * killed left        nothing: processes that it left behind are followed until they have gone
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/asking.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/log.h"
#include "common/text.h"
#include "shell/broker/outbox.h"
#include "shell/broker/shell.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void command_free(struct command *command)
{
	struct broker *broker = command->broker;
	if (command->call)
		client_cancel(command->call);
	if (command->delivery)
		delivery_unhook(command->delivery);
	loop_timer_stop(broker->loop, &command->timer);
	live_unlist(broker->live, &command->live);
	ending_finish(command);
	peer_release(command->peer, command->request.jws.cap + command->request.typed.cap);
	credential_drop(command->credential);
	request_finish(&command->request);
	free(command);
	broker->command_count--;
	broker_settle(broker);
}

/* ── the ends ── */

void command_refused(struct command *command, int status, const char *reason, const char *rule,
		     const char *hint)
{
	struct shell *shell = command->shell;
	struct buf visible BUF_AUTO = BUF_INIT, visible_rule BUF_AUTO = BUF_INIT;
	visible_add(&visible, reason, strlen(reason));
	if (rule)
		visible_add(&visible_rule, rule, strlen(rule));
	command->shell = NULL;
	if (shell)
		shell_refuse(shell, status, visible.data ? visible.data : "no reason was given",
			     rule ? visible_rule.data : NULL, command->request.id, hint);
	command_free(command);
}

void command_refused_because(struct command *command, int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *reason;
	if (vasprintf(&reason, format, args) < 0)
		reason = NULL;
	va_end(args);
	if (status != EXIT_DENIED && status != EXIT_UNREVIEWED)
		log_line(LOG_LEVEL_WARNING, "a command was not permitted", "id", command->request.id, "user",
			 command->peer->user, "reason", reason, NULL);
	command_refused(command, status, reason ? reason : "out of memory", NULL, NULL);
	free(reason);
}

/* Nothing more is to be told: only what was left behind may hold the command. */
static void reported(struct command *command)
{
	struct shell *shell = command->shell;
	bool left = command->tree.work != TREE_NONE;
	command->delivery = NULL;
	command->shell = NULL;
	if (left) {
		command->step = STEP_LEFT;
		command->broker->left_count++;
		command->peer->left++;
	}
	if (shell)
		shell_done(shell);
	if (!left)
		command_free(command);
}

static void outcome_is_safe(void *arg)
{
	reported(arg);
}

void command_report(struct command *command, const struct outcome *outcome)
{
	struct broker *broker = command->broker;
	struct buf jws BUF_AUTO = BUF_INIT;
	char id[UUID_LEN + 1];
	bool wait = broker->private && command->shell;
	command->step = STEP_REPORTED;
	if (command->tree.work != TREE_NONE)
		live_left(broker->live, &command->live);
	else
		live_unlist(broker->live, &command->live);
	if (!outcome_sign(&jws, id, outcome, command->request.id, command->request.s256,
			  command->credential->token))
		log_line(LOG_LEVEL_ERROR, "an outcome could not be signed", "command", command->request.id,
			 NULL);
	else
		command->delivery = outbox_put(broker->outbox, id, command->request.id, &jws,
					       wait ? outcome_is_safe : NULL, command);
	if (!wait || !command->delivery)
		reported(command);
}

void command_not_ended(struct command *command, enum outcome_kind kind, const char *reason)
{
	struct outcome outcome = {.kind = kind, .started = command->started, .reason = strdup(reason)};
	command_report(command, &outcome);
	outcome_finish(&outcome);
}

/* ── what the shell says ── */

struct command *command_begin(struct broker *broker, struct shell *shell, struct peer *peer,
			      const struct wire_message *ask, struct refusal *why)
{
	char *error = NULL;
	struct credential *credential = credential_take(&broker->credentials, peer->user, &error);
	if (!credential) {
		ask_refuse(why, EXIT_IDENTITY, "whosh --check shows what is used", "%s",
			   error ? error : "out of memory");
		free(error);
		return NULL;
	}
	int64_t now = clock_now();
	const char *unusable = token_unusable(credential->token, now);
	struct request_context context = {.token = credential->token,
					  .user = peer->user,
					  .host = broker->host,
					  .uid = peer->uid,
					  .now = now,
					  .review_timeout = broker->review_timeout};
	struct command *command = calloc(1, sizeof *command);
	if (unusable)
		ask_refuse(why, EXIT_IDENTITY, "whosh --check tells what to do",
			   "the credential %s of %s: %s", credential->token->credential,
			   credential->token->sub, unusable);
	if (!command || unusable || !request_build(&command->request, ask, &context, why))
		goto fail;
	if (!peer_charge(peer, command->request.jws.cap + command->request.typed.cap)) {
		ask_refuse(why, EXIT_UNREACHABLE, NULL, "this user has too many requests at once");
		request_finish(&command->request);
		goto fail;
	}
	command->broker = broker;
	command->shell = shell;
	command->peer = peer;
	command->credential = credential;
	command_prepare(command);
	broker->command_count++;
	command_ask(command);
	return command;
fail:
	free(command);
	credential_drop(credential);
	return NULL;
}

void command_started(struct command *command)
{
	command->step = STEP_RUNNING;
	command->started = clock_wall_ms();
}

void command_ended(struct command *command, const struct outcome *outcome)
{
	ending_told(command, outcome);
}

void command_abandon(struct command *command)
{
	command->shell = NULL;
	switch (command->step) {
	case STEP_ASKING:
		/* Nobody but us knows of it: shells that come and go must not fill the queue of all accounts.
		 */
		if (command->call && !command->tries && client_queued(command->call)) {
			command_free(command);
			return;
		}
		if (command->call)
			return; /* the answer is on its way and will be dealt with */
		loop_timer_stop(command->broker->loop, &command->timer);
		command_withdraw(command);
		return;
	case STEP_WAITING:
		loop_timer_stop(command->broker->loop, &command->timer);
		live_unlist(command->broker->live, &command->live);
		if (!command->call)
			command_withdraw(command);
		return;
	case STEP_PERMITTED:
	case STEP_RUNNING:
		ending_shell_gone(command);
		return;
	case STEP_REPORTED:
	case STEP_LEFT:
		return; /* outcome_is_safe, or the last process, frees it */
	}
}
