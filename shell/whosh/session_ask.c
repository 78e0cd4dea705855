/* session_ask.c: one line's question and its answer.
 *
 * While the approver, or a person, decides, everything else goes on: the shell may take the line back, or
 * end, and signals are passed on.  What ends the wait for whatever reason but an answer withdraws the
 * request, by closing the connection to the broker; the next line opens another.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/session.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { ANSWER_MS = 60000, TAKEN_BACK = 128 + SIGINT };

/* What came of the wait. */
enum news { NEWS_ANSWER, NEWS_NONE, NEWS_TAKEN_BACK, NEWS_ENDED };

void session_refuse(struct session *session, const struct refusal *why)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	int status = why->status;
	/* A person at a prompt may try again; a script whose line could not be asked about must not go on. */
	bool denied = status == EXIT_DENIED || status == EXIT_UNREVIEWED || status == TAKEN_BACK;
	bool ends = !denied && (!session->prompt || !session->known || status == EXIT_IDENTITY);
	secret_begin(&frame, WIRE_REFUSED, &session->secret, &mark);
	wire_add_number(&frame, WIRE_STATUS, status);
	if (why->text.len)
		wire_add(&frame, WIRE_REASON, why->text.data, why->text.len);
	if (ends)
		wire_adds(&frame, WIRE_OVER, "1");
	secret_end(&frame, &session->secret, mark);
	link_write(&session->reader, &frame);
}

static void withdraw(struct session *session)
{
	link_close(&session->gate->link);
	session->gate->gone = 0;
	session->gate->owed = false;
}

/* What the broker has said is for the shell as well. */
static void pass_on(struct session *session, const struct wire_message *message)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	wire_pass(&frame, message);
	link_write(&session->reader, &frame);
}

/* What the shell says while it waits: that it does not want the line any more, or, by closing, nothing good.
 */
static bool taken_back(struct session *session)
{
	struct wire_message message;
	int found = link_next(&session->reader, &message, 0);
	return found < 0 || (found > 0 && message.type == WIRE_WITHDRAW &&
			     secret_in_keyed(&session->secret, &session->key, &message));
}

/* Wait for the broker's answer. */
static enum news wait_answer(struct session *session, struct wire_message *answer, int *status)
{
	struct gate *gate = session->gate;
	int64_t end = clock_mono_ms() + ANSWER_MS;
	bool waiting = false;
	for (;;) {
		int found = broker_next(gate, answer, 0);
		if (found < 0 || (!waiting && clock_mono_ms() > end))
			return NEWS_NONE;
		if (found > 0 && answer->type == WIRE_DONE && gate->owed) {
			gate->owed = false; /* of the line before */
			continue;
		}
		if (found > 0 && answer->type != WIRE_WAITING)
			return NEWS_ANSWER;
		if (found > 0) {
			waiting = true;
			pass_on(session, answer);
			continue;
		}
		const int others[OTHERS] = {gate->link.fd, session->reader.fd, session->kills[0]};
		int64_t left = end - clock_mono_ms();
		*status = accompany_once(gate, session->shell, session->signals, others,
					 waiting    ? -1
					 : left > 0 ? (int)left
						    : 0);
		if (*status == STILL_RUNS && session_aside_killed(session))
			*status = end_below(session->shell);
		if (*status != STILL_RUNS)
			return NEWS_ENDED;
		if (taken_back(session))
			return NEWS_TAKEN_BACK;
	}
}

/* Send the frame, and wait; true when there is an answer, which may be a refusal.  *status as session_ask. */
static bool put(struct session *session, const struct buf *frame, struct wire_message *answer,
		struct refusal *why, int *status)
{
	struct gate *gate = session->gate;
	if (gate->gone)
		withdraw(session);
	if (!ask_begin(gate, frame, why)) {
		withdraw(session);
		return false;
	}
	enum news news = wait_answer(session, answer, status);
	if (news == NEWS_ANSWER)
		return true;
	withdraw(session);
	if (news == NEWS_NONE)
		ask_no_answer(why);
	if (news == NEWS_TAKEN_BACK)
		why->status = TAKEN_BACK;
	return false;
}

/* What the line is given: the identity, as NAME=value for the shell to make its own. */
static void permit(struct session *session)
{
	struct gate *gate = session->gate;
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	free(session->command);
	session->command = wire_string(&gate->permit, WIRE_COMMAND_ID);
	run_tell_started(gate, session->shell);
	session->running = true;
	session->started = clock_wall_ms();
	secret_begin(&frame, WIRE_PERMIT, &session->secret, &mark);
	environment_tell(&gate->permit, &frame);
	secret_end(&frame, &session->secret, mark);
	link_write(&session->reader, &frame);
}

bool session_ask(struct session *session, const struct wire_message *asked, int *status)
{
	struct gate *gate = session->gate;
	struct refusal why REFUSAL_AUTO = {0};
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message answer = {0};
	char *cwd = wire_string(asked, WIRE_CWD);
	gate->line = wire_bytes(asked, WIRE_LINE, &gate->line_len);
	gate->cwd = cwd;
	gate->asked = asked;
	*status = STILL_RUNS;
	bool permitted = false;
	if (!gate->line || gate->line_len > WIRE_MAX_LINE)
		refusal_set(&why, EXIT_DENIED, "the line is larger than the %u KiB that an approver takes",
			    WIRE_MAX_LINE / 1024);
	else if (context_frame(gate, WIRE_ASK, &frame, &why) && put(session, &frame, &answer, &why, status))
		permitted = ask_answer(gate, &answer, &why);
	gate->cwd = NULL;
	gate->asked = NULL;
	free(cwd);
	if (*status != STILL_RUNS)
		return false;
	/* A kill may have come with the permit. */
	if (permitted && hear(gate) && gate->killed) {
		permitted = refusal_set(&why, EXIT_IDENTITY, "killed: %s", gate->killed);
		outcome_tell(gate, 0, "killed before it was started", false, clock_wall_ms(),
			     clock_wall_ms());
	}
	if (permitted)
		permit(session);
	else
		session_refuse(session, &why);
	return true;
}

bool session_prompt(struct session *session, int *status)
{
	struct gate *gate = session->gate;
	struct refusal why REFUSAL_AUTO = {0};
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message answer = {0};
	*status = STILL_RUNS;
	if (!context_frame(gate, WIRE_HISTORY, &frame, &why) ||
	    !put(session, &frame, &answer, &why, status)) {
		if (*status != STILL_RUNS)
			return false;
		session_refuse(session, &why);
		return true;
	}
	if (answer.type != WIRE_REMEMBERED) {
		if (answer.type == WIRE_REFUSED)
			refusal_read(&why, &answer);
		else
			ask_no_answer(&why);
		session_refuse(session, &why);
		return true;
	}
	session->known = true;
	pass_on(session, &answer);
	return true;
}
