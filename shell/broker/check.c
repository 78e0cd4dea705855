/* check.c: what a shell would use, line by line, and what is wrong with it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/check.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/text.h"
#include "shell/broker/attributes.h"
#include "shell/broker/check_chain.h"
#include "shell/broker/shell.h"
#include "shell/broker/trees.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEALTH_MS = 5000, ANSWER_MAX = 65536, SOON_S = 14 * 86400 };

struct check {
	struct broker *broker;
	struct shell *shell;
	struct call *call;
	struct timer timer;
	struct buf frame;
	size_t mark;
	char *aud; /* whom the token is for */
};

/* One CHECK_LINE; what comes from outside is made visible. */
__attribute__((format(printf, 4, 5))) static void line(struct check *check, const char *state,
						       const char *label, const char *format, ...)
{
	struct buf text BUF_AUTO = BUF_INIT;
	va_list args;
	va_start(args, format);
	char *raw;
	if (vasprintf(&raw, format, args) < 0)
		raw = NULL;
	va_end(args);
	buf_addf(&text, "%s\t%s\t", state, label);
	if (raw)
		visible_add(&text, raw, strlen(raw));
	free(raw);
	if (!text.failed)
		wire_add(&check->frame, WIRE_CHECK_LINE, text.data, text.len);
}

static void check_free(struct check *check)
{
	if (check->call)
		client_cancel(check->call);
	loop_timer_stop(check->broker->loop, &check->timer);
	buf_finish(&check->frame);
	free(check->aud);
	free(check);
}

void check_cancel(struct check *check)
{
	check_free(check);
}

static void finish(struct check *check)
{
	wire_end(&check->frame, check->mark);
	struct shell *shell = check->shell;
	struct buf frame BUF_AUTO = check->frame;
	check->frame = (struct buf)BUF_INIT;
	check_free(check);
	shell_checked(shell, &frame);
}

static void finish_now(struct timer *timer)
{
	finish(container_of(timer, struct check, timer));
}

static void about_token(struct check *check, const struct credential *credential)
{
	const struct token *token = credential->token;
	char from[RFC3339_LEN + 1], expires[RFC3339_LEN + 1];
	rfc3339_format(token->nbf * 1000, from);
	rfc3339_format(token->exp * 1000, expires);
	int64_t now = clock_now();
	line(check, "ok", "token", "%s (%s%s)", credential->path, credential->source,
	     token->place == TOKEN_PROJECTED ? ", a projected volume" : "");
	line(check, "ok", "agent", "%s", token->sub);
	if (now >= token->exp)
		line(check, "fail", "credential",
		     "%s, good from %s, expired %s: whoctl credential rotate %s --out FILE, and FILE in its "
		     "place",
		     token->credential, from, expires, token->sub);
	else if (token_unusable(token, now))
		line(check, "fail", "credential", "%s is not good before %s: is this host's clock right?",
		     token->credential, from);
	else if (token->exp - now < SOON_S)
		line(check, "warn", "credential",
		     "%s, good from %s, expires soon, %s: whoctl credential rotate %s --out FILE",
		     token->credential, from, expires, token->sub);
	else
		line(check, "ok", "credential", "%s, good from %s, expires %s", token->credential, from,
		     expires);
}

static void about_chain(struct check *check, const char *chain, const struct token *token)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const char *state = check_chain(&text, chain, token->sub, clock_now());
	line(check, state, "chain", "%s", text.data ? text.data : "out of memory");
}

static void about_attributes(struct check *check, const struct wire_message *message,
			     const struct token *token)
{
	struct attributes attributes;
	struct refusal why = {0};
	if (!attributes_read(&attributes, message, token, &why)) {
		line(check, "fail", "identity", "%s", why.reason);
	} else {
		line(check, "ok", "session", "%s (%s)", attributes.session, attributes.session_source);
		if (attributes.agent_version)
			line(check, "ok", "version", "%s (claimed, %s)", attributes.agent_version,
			     attributes.agent_version_source);
		if (attributes.parent)
			line(check, "ok", "parent", "command %s (claimed, WHOSH_COMMAND_ID)",
			     attributes.parent);
		if (attributes.chain)
			about_chain(check, attributes.chain, token);
		else
			line(check, "ok", "chain", "none given; the approver starts it at the agent's owner");
		if (attributes.model)
			line(check, "ok", "model", "%s (claimed, %s)", attributes.model,
			     attributes.model_source);
		else
			line(check, "warn", "model", "not known; set WHOSH_MODEL=provider/name@version");
		if (attributes.task)
			line(check, "ok", "task", "%s (claimed, %s)", attributes.task,
			     attributes.task_source);
		else if (attributes.task_sha256)
			line(check, "ok", "task", "SHA-256 %s (claimed, %s)", attributes.task_sha256,
			     attributes.task_sha256_source);
		else if (!attributes.chain)
			line(check, "warn", "task", "not known; set WHOSH_TASK");
		if (attributes.harness)
			line(check, "ok", "harness", "%s (a hint, claimed)", attributes.harness);
	}
	refusal_finish(&why);
	attributes_finish(&attributes);
}

static void about_approver(struct check *check, const struct answer *answer)
{
	const char *url = check->broker->conf.value[CONF_APPROVER];
	if (answer->failure != FAILURE_NONE) {
		line(check, "fail", "approver", "%s: %s", url, answer->error);
		return;
	}
	cJSON *health JSON_AUTO =
	    json_parse(answer->body->data ? answer->body->data : "", answer->body->len, NULL);
	const char *status = health ? json_string(health, "status") : NULL;
	const char *version = health ? json_string(health, "version") : NULL;
	const char *name = health ? json_string(health, "name") : NULL;
	if (!status || !name) {
		line(check, "fail", "approver", "%s does not answer as an approver (HTTP status %d)", url,
		     answer->status);
		return;
	}
	bool well = answer->status == 200 && !strcmp(status, "ok");
	line(check, well ? "ok" : "warn", "approver", "%s at %s, version %s, %s", name, url,
	     version ? version : "unknown", status);
	if (check->aud && strcmp(check->aud, name) != 0)
		line(check, "fail", "token", "it is for %s, another approver", check->aud);
}

static void answered(void *arg, const struct answer *answer)
{
	struct check *check = arg;
	check->call = NULL;
	about_approver(check, answer);
	finish(check);
}

static void about_broker(struct check *check, const struct peer *peer)
{
	const struct broker *broker = check->broker;
	line(check, "ok", "broker", "%s, version %s, process %ld",
	     broker->private ? "private" : "of the system", WHOSH_VERSION, (long)getpid());
	line(check, "ok", "user", "%s (%u) on %s", peer->user, (unsigned)peer->uid, broker->host);
	const char *trouble = trees_trouble(broker);
	if (trouble)
		line(check, "warn", "kill", "%s", trouble);
	if (broker->lease_ms)
		line(check, "ok", "lease", "%lld s; without the approver for longer, a command is %s",
		     (long long)broker->lease_ms / 1000, broker->lapse_finishes ? "let finish" : "killed");
}

struct check *check_begin(struct broker *broker, struct shell *shell, struct peer *peer,
			  const struct wire_message *message)
{
	struct check *check = calloc(1, sizeof *check);
	if (!check)
		return NULL;
	check->broker = broker;
	check->shell = shell;
	check->timer.fire = finish_now;
	wire_begin(&check->frame, WIRE_CHECKED, &check->mark);
	about_broker(check, peer);
	char *error = NULL;
	struct credential *credential = credential_take(&broker->credentials, peer->user, &error);
	if (credential) {
		about_token(check, credential);
		about_attributes(check, message, credential->token);
		check->aud = strdup(credential->token->aud);
	} else {
		line(check, "fail", "token", "%s", error ? error : "out of memory");
	}
	credential_drop(credential);
	free(error);
	if (broker->trouble)
		line(check, "fail", "configuration", "%s", broker->trouble);
	const struct client_request request = {
	    .method = "GET", .path = "/healthz", .timeout_ms = HEALTH_MS, .max = ANSWER_MAX};
	if (broker->client)
		check->call = client_call(broker->client, &request, answered, check);
	if (!check->call)
		loop_timer_set(broker->loop, &check->timer, 0);
	return check;
}
