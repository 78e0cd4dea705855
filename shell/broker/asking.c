/* asking.c: the approver is asked, and its answer is believed or not.
 *
 *     ask ──200──▶ decide ──▶ PERMITTED, or refused
 *      ▲  ──202──▶ WAITING ──(live poll)──▶ decide
 *      └──no answer, "later"
 *
 * A permit starts nothing unless permit_check found nothing against it; every other answer, and no answer, is
 * a refusal.  The same signed bytes are posted each time, so that asking again never makes two commands of
 * one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/asking.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "shell/broker/history.h"
#include "shell/broker/outbox.h"
#include "shell/broker/reply.h"
#include "shell/broker/shell.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POST_MS = 10000, LEAST_MS = 1000, GRACE_MS = 5000, ANSWER_MAX = 65536 };

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
	/* It came by the live poll while the request was under way again: that answer decides no more. */
	if (command->call)
		client_cancel(command->call);
	command->call = NULL;
	if (wrong) {
		command_refused_because(command, EXIT_UNREACHABLE,
					"the approver's answer cannot be trusted: %s", wrong);
		return;
	}
	if (!permit.approved) {
		command_refused(command,
				permit.unreviewed ? EXIT_UNREVIEWED
				: permit.killed   ? EXIT_IDENTITY
						  : EXIT_DENIED,
				permit.reason ? permit.reason : "no reason was given", permit.rule, NULL);
		permit_finish(&permit);
		return;
	}
	command->step = STEP_PERMITTED;
	if (command->shell) {
		int64_t lease_ms = command->broker->lease_ms;
		if (permit.lease_s > 0 && permit.lease_s < lease_ms / 1000)
			lease_ms = permit.lease_s * 1000;
		live_running(command->broker->live, &command->live, lease_ms);
		permit_finish(&permit);
		if (trees_hold_early(command->broker->trees))
			shell_hold(command->shell, &command->tree);
		if (command->request.typed.len && command->broker->history)
			history_add(command->broker->history, command->peer->user,
				    command->credential->token->sub, command->request.typed.data,
				    command->request.typed.len);
		shell_permit(command->shell, &command->request, command->credential->token->sub,
			     command->broker->lapse_finishes ? 0 : lease_ms);
		outbox_go(command->broker->outbox);
		return;
	}
	permit_finish(&permit);
	command_not_ended(command, OUTCOME_NOT_RUN, "the shell ended before the permit came");
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
	command_ask(command);
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
		command_refused_because(
		    command, EXIT_UNREACHABLE,
		    "the approver's answer cannot be trusted: it says to wait, but not for what");
		return;
	}
	if (!command->shell) {
		command_withdraw(command);
		return;
	}
	int64_t now = clock_now();
	if (now >= command->request.exp) {
		command_refused_because(command, EXIT_UNREVIEWED, "nobody reviewed in time");
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
	struct waiting waiting = {rule.data, reason.data, 1, expires};
	json_integer(json_object(body, "reviewers"), "count", &waiting.reviewers);
	shell_waiting(command->shell, command->request.id, &waiting);
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
		command_withdraw(command);
		return;
	}
	if (wait >= 0) {
		loop_timer_set(command->broker->loop, &command->timer, wait);
		return;
	}
	struct buf words BUF_AUTO = BUF_INIT;
	answer_explain(answer, &words);
	command_refused_because(command, EXIT_UNREACHABLE, "%s", words.data ? words.data : "no answer");
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
		command_refused_because(command, EXIT_UNREVIEWED, "nobody reviewed in time");
	else if (answer->status == 401 || answer->status == 403)
		command_refused_because(command, EXIT_IDENTITY, "%s", text);
	else if (answer->status == 413)
		command_refused_because(command, EXIT_DENIED, "%s", text);
	else
		command_refused_because(command, EXIT_UNREACHABLE, "the approver refused the request: %s",
					text);
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

void command_ask(struct command *command)
{
	if (command->call)
		return;
	int64_t left = POST_MS;
	if (command->tries)
		left -= clock_mono_ms() - command->first_failure;
	struct client_request request = {.method = "POST",
					 .path = "/v1/commands",
					 .type = "application/jose",
					 .credential = command->credential->token->credential,
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
		command_ask(
		    command); /* decided in the meantime: fetch the permit, and report what became of it */
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

void command_withdraw(struct command *command)
{
	char path[sizeof "/v1/commands/?tail=" + UUID_LEN + REQUEST_TAIL];
	command->step = STEP_WAITING;
	snprintf(path, sizeof path, "/v1/commands/%s?tail=%s", command->request.id, command->request.tail);
	struct client_request request = {
	    .method = "DELETE", .path = path, .timeout_ms = POST_MS, .max = ANSWER_MAX};
	command->call = client_call(command->broker->client, &request, withdrawn, command);
	if (!command->call)
		command_free(command);
}

static void try_fired(struct timer *timer)
{
	struct command *command = container_of(timer, struct command, timer);
	if (command->shell)
		command_ask(command);
	else
		command_withdraw(command);
}

void command_prepare(struct command *command)
{
	command->timer.fire = try_fired;
	command->live = (struct live_entry){.id = command->request.id,
					    .tail = command->request.tail,
					    .decided = live_decided,
					    .unknown = live_unknown};
	ending_prepare(command);
}
