/* session.c: from one line to the next.
 *
 * The session's shell tells three things: a line that it is about to execute, the end of the one that it
 * executed, and that a line is not wanted any more.  What it does not say is told by its death.  When its end
 * of the socket is closed while it lives, it has become another program (exec), and the line lasts as long as
 * that does.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/session.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/children.h"
#include "shell/whosh/message.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void session_add(const struct session *session, struct buf *out)
{
	wire_adds(out, WIRE_MORE, "1");
	wire_adds(out, WIRE_SESSION_ID, session->id);
}

/* The line has ended; between lines there is no permit, and no lease that could lapse. */
static void line_over(struct session *session, int status, const char *not_run, bool left)
{
	struct gate *gate = session->gate;
	outcome_tell(gate, status, not_run, left, session->started, clock_wall_ms());
	session->running = false;
	buf_clear(&gate->permit_bytes);
	gate->permit = (struct wire_message){0};
}

static void line_ended(struct session *session, const struct wire_message *message)
{
	int64_t code = wire_number(message, WIRE_EXIT, EXIT_CONFIGURATION);
	size_t children = children_count();
	bool left = wire_number(message, WIRE_LEFT, 0) || children > session->children;
	session->children = children;
	line_over(session, W_EXITCODE((int)(code & 255), 0), NULL, left);
}

/* A reader that was installed with another whosh is none. */
static bool same_version(const struct wire_message *hello)
{
	char *version = wire_string(hello, WIRE_VERSION_TAG);
	bool same = version && !strcmp(version, WIRE_VERSION);
	free(version);
	return same;
}

/* The shell has gone: so has the line that ran, and the session.  What it has said last may be unread. */
static _Noreturn void over(struct session *session, int status)
{
	struct gate *gate = session->gate;
	struct wire_message last;
	while (session->reader.fd >= 0 && link_next(&session->reader, &last, 0) > 0) {
		session->greeted |= last.type == WIRE_HELLO && same_version(&last);
		if (last.type == WIRE_OUTCOME && session->running && secret_in(&session->secret, &last))
			line_ended(session, &last);
	}
	if (!session->greeted && !gate->killed)
		message_exit(
		    EXIT_CONFIGURATION,
		    "configuration: %s: a session needs bash 5.2 with whosh-reader.so, which did not start "
		    "in it; nothing was run",
		    gate->conf.value[CONF_INTERPRETER]);
	if (session->running)
		outcome(gate, status, NULL, session->started, clock_wall_ms());
	outcome_await(gate);
	if (gate->killed)
		message("killed: %s", gate->killed);
	end_as(status);
}

/* It has become another program, or closed what it was given: it asks nothing any more. */
static void deaf(struct session *session)
{
	link_close(&session->reader);
	fd_close(&session->door);
}

/* One message of the shell; false, with the wait status, when it ended meanwhile. */
static bool on_message(struct session *session, const struct wire_message *message, int *status)
{
	switch (message->type) {
	case WIRE_HELLO:
		if (session->greeted || !same_version(message))
			break;
		session->greeted = true;
		return !session->prompt || session_prompt(session, status);
	case WIRE_ASK:
		if (!session->greeted || session->running || !secret_take(&session->secret, message))
			break;
		return session_ask(session, message, status);
	case WIRE_OUTCOME:
		if (!secret_in(&session->secret, message))
			break;
		if (session->running)
			line_ended(session, message);
		return true;
	case WIRE_WITHDRAW:
		if (!secret_in(&session->secret, message))
			break;
		/* It came when the permit was already on its way, and the shell has not used that. */
		if (session->running)
			line_over(session, 0, "taken back before it was started", false);
		return true;
	default:
		break;
	}
	deaf(session);
	return true;
}

_Noreturn void session(struct gate *gate)
{
	struct session session = {.gate = gate,
				  .prompt = !strcmp(gate->mode, "prompt"),
				  .children = 1, /* the shell itself */
				  .reader = {.fd = -1},
				  .door = -1,
				  .kills = {-1, -1},
				  .signals = -1};
	struct wire_message message;
	const char *why = NULL;
	int status = 0;
	uuid_new(session.id);
	gate->session = &session;
	if (!session_start(&session, &why))
		message_exit(EXIT_CONFIGURATION, "configuration: %s: %s; nothing was run",
			     gate->conf.value[CONF_INTERPRETER], why);
	for (;;) {
		const int others[OTHERS] = {session.reader.fd, session.door, session.kills[0]};
		status = accompany_until(gate, session.shell, session.signals, others);
		if (status != STILL_RUNS)
			over(&session, status);
		if (session_aside_killed(&session))
			continue;
		if (session.door >= 0)
			session_aside(&session);
		while (session.reader.fd >= 0) {
			int found = link_next(&session.reader, &message, 0);
			if (found < 0)
				deaf(&session);
			if (found <= 0)
				break;
			if (!on_message(&session, &message, &status))
				over(&session, status);
		}
	}
}
