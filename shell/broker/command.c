/* command.c: the life of one command.
 *
 *     ASKING ──202──▶ WAITING ──permit by the live poll──▶ PERMITTED ──▶ RUNNING ──▶ REPORTED
 *        └──200: permit──────────────────────────────────────▲
 *
 * A permit starts nothing unless permit_check found nothing against it; every other answer, and no answer, is
 * a refusal.
 *
 * A shell may go at any time.  What must follow depends on how far it had come:
 *     asking      a request may be on its way: its answer is awaited, then withdrawn or reported as not run
 *     waiting     DELETE: the approver need not bother a reviewer any more
 *     permitted   outcome "not_run"
 *     running     outcome "lost": what became of the command nobody knows
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/command.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "shell/broker/live.h"
#include "shell/broker/outbox.h"
#include "shell/broker/shell.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POST_MS = 10000, LEAST_MS = 1000, GRACE_MS = 5000, ANSWER_MAX = 65536 };

enum step { STEP_ASKING, STEP_WAITING, STEP_PERMITTED, STEP_RUNNING, STEP_REPORTED };

struct command {
	struct broker *broker;
	struct shell *shell; /* NULL: gone */
	struct peer *peer;
	struct credential *credential;
	struct request request;
	enum step step;
	struct call *call;
	struct timer timer; /* the next try, or the end of a wait */
	unsigned tries;
	int64_t first_failure; /* when the first failed try began (clock_mono_ms) */
	struct live_entry live;
	int64_t started; /* ms since 1970 */
	struct delivery *delivery;
};

static void post(struct command *command);
static void withdraw(struct command *command);

static void command_free(struct command *command)
{
	struct broker *broker = command->broker;
	if (command->call)
		client_cancel(command->call);
	if (command->delivery)
		delivery_unhook(command->delivery);
	loop_timer_stop(broker->loop, &command->timer);
	live_unlist(broker->live, &command->live);
	peer_release(command->peer, command->request.jws.cap);
	credential_drop(command->credential);
	request_finish(&command->request);
	free(command);
	broker->command_count--;
	broker_settle(broker);
}

/* ── the ends ───────────────────────────────────────────────────────────────────────────────────────────────
 */

static void refused(struct command *command, int status, const char *reason, const char *rule,
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

__attribute__((format(printf, 3, 4))) static void refused_because(struct command *command, int status,
								  const char *format, ...)
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
	refused(command, status, reason ? reason : "out of memory", NULL, NULL);
	free(reason);
}

static void outcome_is_safe(void *arg)
{
	struct command *command = arg;
	struct shell *shell = command->shell;
	command->delivery = NULL;
	command->shell = NULL;
	if (shell)
		shell_done(shell);
	command_free(command);
}

/* Hand the outcome over; true when there is nothing to wait for and the command is gone. */
static bool report(struct command *command, const struct outcome *outcome)
{
	struct broker *broker = command->broker;
	struct buf jws BUF_AUTO = BUF_INIT;
	char id[UUID_LEN + 1];
	bool wait = broker->private && command->shell;
	command->step = STEP_REPORTED;
	live_unlist(broker->live, &command->live);
	if (!outcome_sign(&jws, id, outcome, command->request.id, command->request.s256,
			  command->credential->token))
		log_line(LOG_LEVEL_ERROR, "an outcome could not be signed", "command", command->request.id,
			 NULL);
	else
		command->delivery = outbox_put(broker->outbox, id, command->request.id, &jws,
					       wait ? outcome_is_safe : NULL, command);
	if (wait && command->delivery)
		return false;
	command->delivery = NULL;
	command_free(command);
	return true;
}

static void report_because(struct command *command, enum outcome_kind kind, const char *reason)
{
	struct outcome outcome = {.kind = kind, .started = command->started, .reason = strdup(reason)};
	report(command, &outcome);
	outcome_finish(&outcome);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────────────────────
 */

/* A permit came.  The only place where a command is let go. */
static void decide(struct command *command, const char *jws, size_t len)
{
	const struct permit_expected expected = {.approver = command->broker->approver,
						 .command_id = command->request.id,
						 .command_s256 = command->request.s256,
						 .agent = command->credential->token->sub,
						 .now = clock_now()};
	struct permit permit;
	const char *wrong = permit_check(command->broker->permits, jws, len, &expected, &permit);
	live_unlist(command->broker->live, &command->live);
	loop_timer_stop(command->broker->loop, &command->timer);
	if (wrong) {
		refused_because(command, EXIT_UNREACHABLE, "the approver's answer cannot be trusted: %s",
				wrong);
		return;
	}
	if (!permit.approved) {
		refused(command, permit.unreviewed ? EXIT_UNREVIEWED : EXIT_DENIED,
			permit.reason ? permit.reason : "no reason was given", permit.rule, NULL);
		permit_finish(&permit);
		return;
	}
	command->step = STEP_PERMITTED;
	if (command->shell) {
		live_running(command->broker->live, &command->live, permit.lease_s);
		permit_finish(&permit);
		shell_permit(command->shell, &command->request, command->credential->token->sub);
		return;
	}
	permit_finish(&permit);
	report_because(command, OUTCOME_NOT_RUN, "the shell ended before the permit came");
}

static void live_decided(struct live_entry *entry, const char *jws, size_t len)
{
	decide(container_of(entry, struct command, live), jws, len);
}

static void live_unknown(struct live_entry *entry)
{
	struct command *command = container_of(entry, struct command, live);
	live_unlist(command->broker->live, entry);
	loop_timer_stop(command->broker->loop, &command->timer);
	command->tries = 0;
	post(command);
}

/* 202: a person is to decide. */
static void wait_for_review(struct command *command, const struct answer *answer)
{
	cJSON *body JSON_AUTO =
	    json_parse(answer->body->data ? answer->body->data : "", answer->body->len, NULL);
	const char *id = body ? json_string(body, "id") : NULL;
	const char *state = body ? json_string(body, "state") : NULL;
	int64_t expires;
	if (!id || strcmp(id, command->request.id) != 0 || !state || strcmp(state, "pending") != 0 ||
	    !json_integer(body, "expires", &expires)) {
		refused_because(command, EXIT_UNREACHABLE,
				"the approver's answer cannot be trusted: it says to wait, but not for what");
		return;
	}
	if (!command->shell) {
		withdraw(command);
		return;
	}
	int64_t now = clock_now();
	if (now >= command->request.exp) {
		refused_because(command, EXIT_UNREVIEWED, "nobody reviewed in time");
		return;
	}
	/* The decision comes by the live poll.  If none has come when the time is over, ask once more. */
	int64_t left = expires > now ? expires - now : 0;
	if (left > command->request.exp - now)
		left = command->request.exp - now;
	bool first = command->step != STEP_WAITING;
	command->step = STEP_WAITING;
	command->tries = 0;
	loop_timer_set(command->broker->loop, &command->timer, left * 1000 + GRACE_MS);
	live_pending(command->broker->live, &command->live);
	if (!first)
		return;
	struct buf rule BUF_AUTO = BUF_INIT, reason BUF_AUTO = BUF_INIT;
	const char *text = json_string(body, "rule");
	if (text)
		visible_add(&rule, text, strlen(text));
	text = json_string(body, "reason");
	if (text)
		visible_add(&reason, text, strlen(text));
	shell_waiting(command->shell, command->request.id, rule.data, reason.data, expires);
}

/* No answer, or one that says "later". */
static void try_again(struct command *command, enum failure failure, const struct answer *answer)
{
	int64_t now = clock_mono_ms();
	if (!command->tries++)
		command->first_failure = now - answer->took;
	int64_t wait =
	    retry_delay(failure, command->tries, now - command->first_failure, answer->retry_after);
	if (!command->shell) {
		/* Whether the approver has it is not known. */
		withdraw(command);
		return;
	}
	if (wait >= 0) {
		loop_timer_set(command->broker->loop, &command->timer, wait);
		return;
	}
	struct buf words BUF_AUTO = BUF_INIT;
	answer_explain(answer, &words);
	refused_because(command, EXIT_UNREACHABLE, "%s", words.data ? words.data : "no answer");
}

/* An HTTP answer that is neither a permit nor "wait". */
static void turned_away(struct command *command, const struct answer *answer)
{
	struct buf words BUF_AUTO = BUF_INIT;
	answer_explain(answer, &words);
	const char *text = words.data ? words.data : "";
	char *kind = answer_kind(answer);
	bool expired = kind && !strcmp(kind, "expired");
	free(kind);
	if (expired && command->step == STEP_WAITING)
		refused_because(command, EXIT_UNREVIEWED, "nobody reviewed in time");
	else if (answer->status == 401 || answer->status == 403)
		refused_because(command, EXIT_IDENTITY, "%s", text);
	else if (answer->status == 413)
		refused_because(command, EXIT_DENIED, "%s", text);
	else
		refused_because(command, EXIT_UNREACHABLE, "the approver refused the request: %s", text);
}

static void posted(void *arg, const struct answer *answer)
{
	struct command *command = arg;
	command->call = NULL;
	if (answer->failure != FAILURE_NONE)
		try_again(command, answer->failure, answer);
	else if (answer->status == 200)
		decide(command, answer->body->data ? answer->body->data : "", answer->body->len);
	else if (answer->status == 202)
		wait_for_review(command, answer);
	else if (answer->status == 429 || answer->status == 408 || answer->status >= 500)
		try_again(command, FAILURE_TRANSIENT, answer);
	else
		turned_away(command, answer);
}

static void post(struct command *command)
{
	if (command->call)
		return;
	int64_t left = POST_MS;
	if (command->tries)
		left -= clock_mono_ms() - command->first_failure;
	struct client_request request = {.method = "POST",
					 .path = "/v1/commands",
					 .type = "application/jose",
					 .body = command->request.jws.data,
					 .len = command->request.jws.len,
					 .timeout_ms = left > LEAST_MS ? left : LEAST_MS,
					 .max = ANSWER_MAX};
	command->call = client_call(command->broker->client, &request, posted, command);
	if (!command->call) /* out of memory: as if it had failed a moment later */
		loop_timer_set(command->broker->loop, &command->timer, LEAST_MS);
}

static void withdrawn(void *arg, const struct answer *answer)
{
	struct command *command = arg;
	command->call = NULL;
	if (answer->failure == FAILURE_NONE && answer->status == 409) {
		post(command); /* decided in the meantime: fetch the permit, and report what became of it */
		return;
	}
	bool away = answer->failure != FAILURE_NONE || answer->status >= 500 || answer->status == 429;
	int64_t now = clock_mono_ms();
	if (away && !command->tries++)
		command->first_failure = now - answer->took;
	enum failure failure = answer->failure != FAILURE_NONE ? answer->failure : FAILURE_TRANSIENT;
	int64_t wait =
	    away ? retry_delay(failure, command->tries, now - command->first_failure, answer->retry_after)
		 : -1;
	if (wait >= 0) {
		loop_timer_set(command->broker->loop, &command->timer, wait);
		return;
	}
	if (away)
		log_line(LOG_LEVEL_WARNING, "a command could not be withdrawn", "id", command->request.id,
			 NULL);
	command_free(command);
}

static void withdraw(struct command *command)
{
	char path[sizeof "/v1/commands/" + UUID_LEN];
	command->step = STEP_WAITING;
	snprintf(path, sizeof path, "/v1/commands/%s", command->request.id);
	struct client_request request = {
	    .method = "DELETE", .path = path, .timeout_ms = POST_MS, .max = ANSWER_MAX};
	command->call = client_call(command->broker->client, &request, withdrawn, command);
	if (!command->call)
		command_free(command);
}

static void timer_fired(struct timer *timer)
{
	struct command *command = container_of(timer, struct command, timer);
	if (command->shell)
		post(command);
	else
		withdraw(command);
}

/* ── what the shell says ────────────────────────────────────────────────────────────────────────────────────
 */

struct command *command_begin(struct broker *broker, struct shell *shell, struct peer *peer,
			      const struct wire_message *ask, struct refusal *why)
{
	char *error = NULL;
	struct credential *credential = credential_take(&broker->credentials, peer->user, &error);
	if (!credential) {
		refuse(why, EXIT_IDENTITY, "whosh --check shows what is used", "%s",
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
		refuse(why, EXIT_IDENTITY, "ask for a new credential", "the credential %s of %s: %s",
		       credential->token->credential, credential->token->sub, unusable);
	if (!command || unusable || !request_build(&command->request, ask, &context, why))
		goto fail;
	if (!peer_charge(peer, command->request.jws.cap)) {
		refuse(why, EXIT_UNREACHABLE, NULL, "this user has too many requests at once");
		request_finish(&command->request);
		goto fail;
	}
	command->broker = broker;
	command->shell = shell;
	command->peer = peer;
	command->credential = credential;
	command->timer.fire = timer_fired;
	command->live = (struct live_entry){.id = command->request.id,
					    .tail = command->request.tail,
					    .decided = live_decided,
					    .unknown = live_unknown};
	broker->command_count++;
	post(command);
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

bool command_ended(struct command *command, const struct outcome *outcome)
{
	if (!command->broker->private)
		command->shell = NULL;
	return report(command, outcome);
}

void command_abandon(struct command *command)
{
	command->shell = NULL;
	switch (command->step) {
	case STEP_ASKING:
		if (command->call)
			return; /* the answer is on its way and will be dealt with */
		loop_timer_stop(command->broker->loop, &command->timer);
		withdraw(command);
		return;
	case STEP_WAITING:
		loop_timer_stop(command->broker->loop, &command->timer);
		live_unlist(command->broker->live, &command->live);
		if (!command->call)
			withdraw(command);
		return;
	case STEP_PERMITTED:
		report_because(command, OUTCOME_NOT_RUN, "the shell ended before it started the command");
		return;
	case STEP_RUNNING:
		report_because(command, OUTCOME_LOST,
			       "the shell ended without saying what became of the command");
		return;
	case STEP_REPORTED:
		return; /* outcome_is_safe frees it */
	}
}
