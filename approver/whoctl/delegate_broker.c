/* delegate_broker.c: `whoctl delegate` as an agent: the broker is asked to sign, as whosh asks it.
 *
 * The agent's key stays where it is: with the host's broker, or with a private one that is started for this.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/delegate.h"
#include "common/link.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The broker gives up by itself, with a reason, before the second. */
enum { HELLO_MS = 10000, ANSWER_MS = 45000 };

extern char **environ;

static void frame_add(struct buf *out, const struct hop_wanted *wanted)
{
	/* Of the variables that an ASK holds, those that a delegation is about. */
	static const char *const told[] = {"WHOSH_AGENT_ID=", "WHOSH_COMMAND_ID="};
	size_t mark;
	wire_begin(out, WIRE_DELEGATE, &mark);
	wire_adds(out, WIRE_TO, wanted->to);
	wire_adds(out, WIRE_TASK, wanted->task);
	if (wanted->scope)
		wire_adds(out, WIRE_SCOPE, wanted->scope);
	if (wanted->expires_s)
		wire_add_number(out, WIRE_EXPIRES, wanted->expires_s);
	if (wanted->more_depth >= 0)
		wire_add_number(out, WIRE_DEPTH, wanted->more_depth);
	if (wanted->chain)
		wire_adds(out, WIRE_CHAIN, wanted->chain);
	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < sizeof told / sizeof *told; i++)
			if (!strncmp(*e, told[i], strlen(told[i])))
				wire_adds(out, WIRE_ENV, *e);
	wire_end(out, mark);
}

static int silent(void)
{
	return complain(EXIT_UNREACHABLE, "approver unreachable: the broker did not answer");
}

static int refused(const struct wire_message *message)
{
	int status = (int)wire_number(message, WIRE_STATUS, EXIT_UNREACHABLE);
	char *reason = wire_string(message, WIRE_REASON), *hint = wire_string(message, WIRE_HINT);
	/* Only these: a broker cannot make a refusal look like a success. */
	if (status != EXIT_IDENTITY && status != EXIT_CONFIGURATION)
		status = EXIT_UNREACHABLE;
	const char *kind = status == EXIT_IDENTITY        ? "delegation refused"
			   : status == EXIT_CONFIGURATION ? "configuration"
							  : "approver unreachable";
	complain(status, "%s: %s%s%s", kind, reason ? reason : "no reason was given", hint ? "; " : "",
		 hint ? hint : "");
	free(reason);
	free(hint);
	return status;
}

static int delegated(const struct wire_message *message, struct buf *chain)
{
	char *text = wire_string(message, WIRE_CHAIN);
	if (!text)
		return silent();
	buf_adds(chain, text);
	free(text);
	return 0;
}

static int converse(struct link *link, const struct buf *frame, struct buf *chain)
{
	struct wire_message found;
	if (!link_write(link, frame) || !link_read(link, &found, HELLO_MS) || found.type != WIRE_HELLO)
		return silent();
	char *version = wire_string(&found, WIRE_VERSION_TAG);
	bool known = version && !strcmp(version, WIRE_VERSION);
	free(version);
	if (!known)
		return complain(EXIT_UNREACHABLE, "approver unreachable: the broker is of another version");
	if (!link_read(link, &found, ANSWER_MS))
		return silent();
	if (found.type == WIRE_REFUSED)
		return refused(&found);
	return found.type == WIRE_DELEGATED ? delegated(&found, chain) : silent();
}

int delegate_by_broker(const struct conf *conf, const struct hop_wanted *wanted, struct buf *chain)
{
	char self[PATH_MAX], *error = NULL;
	struct buf frame BUF_AUTO = BUF_INIT;
	struct link link;
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len <= 0)
		return complain(EXIT_CONFIGURATION, "configuration: /proc is not mounted");
	self[len] = 0;
	frame_add(&frame, wanted);
	if (frame.failed)
		return complain(EXIT_FAILED, "out of memory");
	if (!link_open(&link, conf, self, environ, &error)) {
		complain(EXIT_UNREACHABLE, "approver unreachable: %s", error ? error : "out of memory");
		free(error);
		return EXIT_UNREACHABLE;
	}
	int status = converse(&link, &frame, chain);
	link_close(&link);
	return status;
}
