/* delegate.c: an agent hands a task on: its broker signs the hop that says so.
 *
 *     begin ──▶ ASK (prepare) ──▶ sign the hop ──▶ LOG (post it) ──▶ DELEGATED
 *        └──────────┴────────────────┴────────────────┴─────────────▶ REFUSED
 *
 * A question that is asked again is a new one; the hop is posted again as the very same bytes.  One that was
 * logged and then never handed to anybody gives nothing away: nobody but its delegate can use it, and nobody
 * has its text.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/delegate.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/hop_make.h"
#include "common/text.h"
#include "shell/broker/attributes.h"
#include "shell/broker/reply.h"
#include "shell/broker/shell.h"
#include <stdlib.h>
#include <string.h>

enum {
	POST_MS = 10000,
	ALL_MS = 30000, /* for all of it */
	ANSWER_MAX = 65536,
	ROOM = 2 * ANSWER_MAX /* what one takes beside the frame it came in */
};

struct delegate {
	struct broker *broker;
	struct shell *shell;
	struct peer *peer;
	struct credential *credential;
	struct hop_wanted wanted; /* its strings are ours */
	struct call *call;
	struct timer timer, deadline;
	unsigned tries;
	int64_t first_failure;
	bool logging;     /* the hop is signed, and being posted */
	struct buf ask;   /* the question's JWS */
	struct buf chain; /* with the new hop at its end … */
	size_t at;        /* … from here on */
	size_t charged;
	struct buf frame; /* what the shell is to be told */
};

static void delegate_free(struct delegate *delegate)
{
	struct broker *broker = delegate->broker;
	if (delegate->call)
		client_cancel(delegate->call);
	loop_timer_stop(broker->loop, &delegate->timer);
	loop_timer_stop(broker->loop, &delegate->deadline);
	peer_release(delegate->peer, delegate->charged);
	credential_drop(delegate->credential);
	const char *strings[] = {delegate->wanted.to, delegate->wanted.task, delegate->wanted.scope,
				 delegate->wanted.chain, delegate->wanted.txn};
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		free((char *)(size_t)strings[i]);
	buf_finish(&delegate->ask);
	buf_finish(&delegate->chain);
	buf_finish(&delegate->frame);
	free(delegate);
}

void delegate_cancel(struct delegate *delegate)
{
	delegate_free(delegate);
}

/* ── the ends: later, from the loop ── */

static void finish(struct timer *timer)
{
	struct delegate *delegate = container_of(timer, struct delegate, timer);
	struct shell *shell = delegate->shell;
	struct buf frame BUF_AUTO = delegate->frame;
	delegate->frame = (struct buf)BUF_INIT;
	delegate_free(delegate);
	shell_delegated(shell, &frame);
}

static void finish_soon(struct delegate *delegate)
{
	if (delegate->call)
		client_cancel(delegate->call);
	delegate->call = NULL;
	loop_timer_stop(delegate->broker->loop, &delegate->deadline);
	delegate->timer.fire = finish;
	loop_timer_set(delegate->broker->loop, &delegate->timer, 0);
}

static void refuse(struct delegate *delegate, int status, const char *reason, const char *hint)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, reason ? reason : "out of memory", reason ? strlen(reason) : 13);
	buf_clear(&delegate->frame);
	reply_refused(&delegate->frame, status, visible.data ? visible.data : "out of memory", NULL, NULL,
		      hint);
	finish_soon(delegate);
}

/* The approver's own words for a refusal. */
static void refuse_answer(struct delegate *delegate, int status, const struct answer *answer)
{
	struct buf words BUF_AUTO = BUF_INIT;
	answer_explain(answer, &words);
	refuse(delegate, status, words.data, NULL);
}

static void too_late(struct timer *timer)
{
	refuse(container_of(timer, struct delegate, deadline), EXIT_UNREACHABLE,
	       "the approver did not answer in time", NULL);
}

/* ── asking and posting ── */

static struct hop_signer signer_of(const struct delegate *delegate)
{
	const struct token *token = delegate->credential->token;
	return (struct hop_signer){
	    .name = token->sub, .aud = token->aud, .key = token->key, .approver = delegate->broker->approver};
}

static void answered(void *arg, const struct answer *answer);

static void post(struct delegate *delegate)
{
	const char *chain = delegate->chain.data;
	struct client_request request = {.method = "POST",
					 .path = "/v1/delegations/prepare",
					 .type = "application/jose",
					 .credential = delegate->credential->token->credential,
					 .body = delegate->ask.data,
					 .len = delegate->ask.len,
					 .timeout_ms = POST_MS,
					 .max = ANSWER_MAX};
	if (delegate->logging) {
		request.path = "/v1/delegations";
		request.body = chain + delegate->at;
		request.len = delegate->chain.len - delegate->at;
	}
	delegate->call = client_call(delegate->broker->client, &request, answered, delegate);
	if (!delegate->call)
		refuse(delegate, EXIT_UNREACHABLE, NULL, NULL);
}

static void ask(struct delegate *delegate)
{
	char *error = NULL;
	struct hop_signer signer = signer_of(delegate);
	buf_clear(&delegate->ask);
	int status = hop_ask(&delegate->ask, &delegate->wanted, &signer, clock_now(), &error);
	if (status == 0)
		post(delegate);
	else
		refuse(delegate, status, error, NULL);
	free(error);
}

static void try_fired(struct timer *timer)
{
	struct delegate *delegate = container_of(timer, struct delegate, timer);
	if (delegate->logging)
		post(delegate);
	else
		ask(delegate);
}

/* The approver said what the hop may be: sign it. */
static void prepared(struct delegate *delegate, const struct answer *answer)
{
	char *error = NULL;
	struct hop_signer signer = signer_of(delegate);
	const char *body = answer->body->data ? answer->body->data : "";
	int status = hop_make(&delegate->chain, &delegate->at, &delegate->wanted, &signer, body,
			      answer->body->len, &error);
	if (status == 0) {
		delegate->logging = true;
		delegate->tries = 0;
		post(delegate);
	} else {
		refuse(delegate, status, error, NULL);
	}
	free(error);
}

static void logged(struct delegate *delegate, const struct answer *answer)
{
	const char *body = answer->body->data ? answer->body->data : "";
	if (!hop_logged(body, answer->body->len, delegate->chain.data + delegate->at,
			delegate->chain.len - delegate->at)) {
		refuse(delegate, EXIT_UNREACHABLE,
		       "the approver's answer cannot be trusted: it does not say that the hop is logged",
		       NULL);
		return;
	}
	reply_delegated(&delegate->frame, delegate->chain.data);
	finish_soon(delegate);
}

static void try_again(struct delegate *delegate, enum failure failure, const struct answer *answer)
{
	int64_t now = clock_mono_ms();
	if (!delegate->tries++)
		delegate->first_failure = now - answer->took;
	int64_t wait =
	    retry_delay(failure, delegate->tries, now - delegate->first_failure, answer->retry_after);
	if (wait >= 0)
		loop_timer_set(delegate->broker->loop, &delegate->timer, wait);
	else
		refuse_answer(delegate, EXIT_UNREACHABLE, answer);
}

static void answered(void *arg, const struct answer *answer)
{
	struct delegate *delegate = arg;
	delegate->call = NULL;
	bool done = answer->status == (delegate->logging ? 201 : 200);
	if (answer->failure != FAILURE_NONE)
		try_again(delegate, answer->failure, answer);
	else if (answer->status == 429 || answer->status == 408 || answer->status >= 500)
		try_again(delegate, FAILURE_TRANSIENT, answer);
	else if (done && delegate->logging)
		logged(delegate, answer);
	else if (done)
		prepared(delegate, answer);
	else
		refuse_answer(delegate, answer->status < 400 ? EXIT_UNREACHABLE : EXIT_IDENTITY, answer);
}

/* ── what the shell wants ── */

static bool read_wanted(struct delegate *delegate, const struct wire_message *message)
{
	struct hop_wanted *wanted = &delegate->wanted;
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(message, &at, &tag, &bytes, &len)) {
		const char **to = tag == WIRE_TO      ? &wanted->to
				  : tag == WIRE_TASK  ? &wanted->task
				  : tag == WIRE_SCOPE ? &wanted->scope
				  : tag == WIRE_CHAIN ? &wanted->chain
						      : NULL;
		if (!to)
			continue;
		/* Twice, or cut short at a NUL, would be read differently by two readers. */
		if (*to || memchr(bytes, 0, len))
			return false;
		*to = strndup(bytes, len);
		if (!*to)
			return false;
	}
	wanted->txn = ask_variable(message, "WHOSH_COMMAND_ID");
	wanted->expires_s = wire_number(message, WIRE_EXPIRES, 0);
	wanted->more_depth = wire_number(message, WIRE_DEPTH, -1);
	return !wanted->txn || uuid_valid(wanted->txn);
}

/* As for a command (attributes.c): outside of another agent's command the names must agree. */
static bool names_agree(const struct wire_message *message, const struct token *token, bool inside)
{
	char *agent = ask_variable(message, "WHOSH_AGENT_ID");
	bool agree = !agent || inside || !strcmp(agent, token->sub);
	free(agent);
	return agree;
}

static void start(struct delegate *delegate, const struct wire_message *message)
{
	char *error = NULL;
	struct broker *broker = delegate->broker;
	if (broker->stopping) {
		refuse(delegate, EXIT_UNREACHABLE, "the broker is being stopped", NULL);
		return;
	}
	if (broker->trouble) {
		refuse(delegate, EXIT_CONFIGURATION, broker->trouble, "whosh --check shows what is used");
		return;
	}
	delegate->credential = credential_take(&broker->credentials, delegate->peer->user, &error);
	if (!delegate->credential) {
		refuse(delegate, EXIT_IDENTITY, error,
		       "an agent delegates with its own token, an operator with --dir or --token-file");
		free(error);
		return;
	}
	const struct token *token = delegate->credential->token;
	const char *unusable = token_unusable(token, clock_now());
	if (unusable) {
		refuse(delegate, EXIT_IDENTITY, unusable, "the token is of no use: ask for a new credential");
		return;
	}
	if (!read_wanted(delegate, message)) {
		refuse(delegate, EXIT_IDENTITY, "what is to be delegated is malformed", NULL);
		return;
	}
	if (!names_agree(message, token, delegate->wanted.txn != NULL)) {
		refuse(delegate, EXIT_IDENTITY, "WHOSH_AGENT_ID names another agent than the token",
		       "unset WHOSH_AGENT_ID, or use the token of that agent");
		return;
	}
	struct hop_signer signer = signer_of(delegate);
	int status = hop_wanted_check(&delegate->wanted, &signer, &error);
	if (status == 0)
		ask(delegate);
	else
		refuse(delegate, status == EXIT_USAGE_ERROR ? EXIT_IDENTITY : status, error, NULL);
	free(error);
}

struct delegate *delegate_begin(struct broker *broker, struct shell *shell, struct peer *peer,
				const struct wire_message *message)
{
	struct delegate *delegate = calloc(1, sizeof *delegate);
	if (!delegate)
		return NULL;
	delegate->broker = broker;
	delegate->shell = shell;
	delegate->peer = peer;
	delegate->timer.fire = try_fired;
	delegate->deadline.fire = too_late;
	if (!peer_charge(peer, message->len + ROOM)) {
		refuse(delegate, EXIT_UNREACHABLE, "this user has too many requests at once", NULL);
		return delegate;
	}
	delegate->charged = message->len + ROOM;
	loop_timer_set(broker->loop, &delegate->deadline, ALL_MS);
	start(delegate, message);
	return delegate;
}
