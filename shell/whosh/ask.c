/* ask.c: may this run?  Ask, wait as long as it takes, and come back only with a permit.
 *
 * While a person thinks, signals keep the disposition that this process was started with: Ctrl-C ends it, the
 * socket closes, and the broker takes the request back.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/text.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The broker gives up by itself, with a reason, well before this. */
enum { HELLO_MS = 10000, ANSWER_MS = 60000, TICK_MS = 1000 };

static _Noreturn void broker_gone(void)
{
	message_exit(EXIT_UNREACHABLE, "approver unreachable: the broker did not answer; nothing was run");
}

/* On a terminal: who is waited for, and for how long.  A blank `rule` erases the line. */
static void progress(const char *rule, int64_t since)
{
	struct buf line BUF_AUTO = BUF_INIT;
	buf_adds(&line, "\r\033[K");
	if (rule) {
		buf_adds(&line, "whosh: waiting for a reviewer (rule ");
		visible_add(&line, rule, strlen(rule));
		buf_addf(&line, "), %lld s, Ctrl-C withdraws", (long long)(clock_mono_ms() - since) / 1000);
	}
	if (!line.failed && write_all(STDERR_FILENO, line.data, line.len))
		return;
}

static _Noreturn void refused(const struct wire_message *message_in)
{
	int status = (int)wire_number(message_in, WIRE_STATUS, EXIT_UNREACHABLE);
	char *reason = wire_string(message_in, WIRE_REASON), *rule = wire_string(message_in, WIRE_RULE);
	char *id = wire_string(message_in, WIRE_COMMAND_ID), *hint = wire_string(message_in, WIRE_HINT);
	/* Only the statuses of exits.h: a broker cannot make a refusal look like a success. */
	if (status != EXIT_DENIED && status != EXIT_UNREVIEWED && status != EXIT_IDENTITY &&
	    status != EXIT_CONFIGURATION)
		status = EXIT_UNREACHABLE;
	message("%s: %s%s%s", message_kind(status), reason ? reason : "no reason was given",
		status == EXIT_UNREACHABLE ? "; nothing was run"
		: hint                     ? "; "
					   : "",
		status != EXIT_UNREACHABLE && hint ? hint : "");
	if (rule)
		message("rule: %s", rule);
	if (id && (status == EXIT_DENIED || status == EXIT_UNREVIEWED))
		message("command: %s", id);
	exit(status);
}

static void keep_permit(struct gate *gate, const struct wire_message *found)
{
	buf_add(&gate->permit_bytes, found->fields, found->len);
	gate->permit = (struct wire_message){WIRE_PERMIT, gate->permit_bytes.data, gate->permit_bytes.len};
	if (gate->permit_bytes.failed)
		message_exit(EXIT_UNREACHABLE, "out of memory; nothing was run");
}

/* Wait for a frame while a reviewer decides, showing how long it takes. */
static bool wait_reviewed(struct gate *gate, struct wire_message *found, const char *rule, int64_t since)
{
	bool terminal = isatty(STDERR_FILENO);
	if (!terminal)
		return broker_read(gate, found, -1);
	for (;;) {
		progress(rule, since);
		int64_t before = clock_mono_ms();
		bool got = broker_read(gate, found, TICK_MS);
		/* False early: the broker is gone, not merely silent. */
		if (got || clock_mono_ms() - before < TICK_MS / 2) {
			progress(NULL, since);
			return got;
		}
	}
}

void ask(struct gate *gate)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message found;
	context_frame(gate, WIRE_ASK, &frame);
	broker_link(gate);
	/* A broker that refuses at once does not read it, and says why all the same. */
	bool sent = broker_write(gate, &frame);
	if (!broker_read(gate, &found, HELLO_MS) || found.type != WIRE_HELLO)
		broker_gone();
	char *version = wire_string(&found, WIRE_VERSION_TAG);
	if (!version || strcmp(version, WIRE_VERSION))
		message_exit(EXIT_UNREACHABLE,
			     "approver unreachable: the broker is of another version; nothing was run");
	free(version);
	int64_t since = clock_mono_ms();
	bool got = broker_read(gate, &found, ANSWER_MS);
	while (got && found.type == WIRE_WAITING) {
		char *rule = wire_string(&found, WIRE_RULE);
		got = wait_reviewed(gate, &found, rule ? rule : "default", since);
		free(rule);
	}
	if (!got || (!sent && found.type != WIRE_REFUSED))
		broker_gone();
	if (found.type == WIRE_REFUSED)
		refused(&found);
	if (found.type != WIRE_PERMIT)
		broker_gone();
	keep_permit(gate, &found);
}
