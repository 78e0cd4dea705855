/* ask.c: may this run?  Ask, wait as long as it takes, and come back only with a permit.
 *
 * While a person thinks, signals keep the disposition that this process was started with: Ctrl-C ends it, the
 * socket closes, and the broker takes the request back.  (A session waits in a way of its own:
 * session_ask.c.)
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/waiting.h"
#include "shell/whosh/gate.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The broker gives up by itself, with a reason, well before this. */
enum { HELLO_MS = 10000, ANSWER_MS = 60000, TICK_MS = 1000 };

bool ask_no_answer(struct refusal *why)
{
	return refusal_set(why, EXIT_UNREACHABLE, "the broker did not answer; nothing was run");
}

/* A broker on a fresh connection says who it is. */
static bool greeted(struct gate *gate, struct refusal *why)
{
	struct wire_message found;
	if (!broker_read(gate, &found, HELLO_MS) || found.type != WIRE_HELLO)
		return ask_no_answer(why);
	char *version = wire_string(&found, WIRE_VERSION_TAG);
	bool ours = version && !strcmp(version, WIRE_VERSION);
	free(version);
	return ours ||
	       refusal_set(why, EXIT_UNREACHABLE, "the broker is of another version; nothing was run");
}

bool ask_begin(struct gate *gate, const struct buf *frame, struct refusal *why)
{
	char *error = NULL;
	bool fresh = gate->link.fd < 0;
	if (fresh && !broker_link(gate, &error)) {
		refusal_set(why, EXIT_UNREACHABLE, "%s; nothing was run", error ? error : "out of memory");
		free(error);
		return false;
	}
	/* A broker that refuses at once does not read it, and says why all the same. */
	gate->sent = broker_write(gate, frame);
	return !fresh || greeted(gate, why);
}

bool ask_answer(struct gate *gate, const struct wire_message *found, struct refusal *why)
{
	if (found->type == WIRE_REFUSED) {
		refusal_read(why, found);
		return false;
	}
	if (found->type != WIRE_PERMIT || !gate->sent)
		return ask_no_answer(why);
	buf_clear(&gate->permit_bytes);
	buf_add(&gate->permit_bytes, found->fields, found->len);
	gate->permit = (struct wire_message){WIRE_PERMIT, gate->permit_bytes.data, gate->permit_bytes.len};
	return !gate->permit_bytes.failed ||
	       refusal_set(why, EXIT_UNREACHABLE, "out of memory; nothing was run");
}

/* Wait for a frame while a reviewer decides, showing how long it takes. */
static bool wait_reviewed(struct gate *gate, struct wire_message *found, const char *words, int64_t since)
{
	int got = 0;
	if (!words || !isatty(STDERR_FILENO))
		return broker_read(gate, found, -1);
	while (!got) {
		waiting_show(words, since);
		got = broker_next(gate, found, waiting_tick(since, TICK_MS));
	}
	waiting_show(NULL, since);
	return got > 0;
}

void ask(struct gate *gate)
{
	struct refusal why REFUSAL_AUTO = {0};
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message found;
	if (!context_frame(gate, WIRE_ASK, &frame, &why) || !ask_begin(gate, &frame, &why))
		refusal_exit(&why);
	int64_t since = clock_mono_ms();
	bool got = broker_read(gate, &found, ANSWER_MS);
	while (got && found.type == WIRE_WAITING) {
		char *words = waiting_words(&found);
		got = wait_reviewed(gate, &found, words, since);
		free(words);
	}
	if (!got)
		ask_no_answer(&why);
	if (!got || !ask_answer(gate, &found, &why))
		refusal_exit(&why);
}
