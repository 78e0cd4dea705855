/* session.h: one bash that lives through many lines, and whosh beside it.
 *
 * bash reads and parses by itself; an object of ours in it (shell/reader) stops before each line is executed
 * and asks here.  session_shell.c starts that bash · session.c from one line to the next · session_ask.c one
 * line's question and its answer · session_aside.c questions beside the line (files that are sourced).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SESSION_H
#define WHOSH_SESSION_H

#include "common/secret.h"
#include "common/uuid.h"
#include "shell/whosh/gate.h"

struct session {
	struct gate *gate;
	pid_t shell;
	bool prompt;
	struct before before;
	int signals;        /* a signalfd */
	struct link reader; /* to the shell; closed when it has become another program (exec) */
	int door;           /* where it passes conversations in; -1 likewise */
	int kills[2];       /* a pipe: why what was asked aside is being killed */
	bool greeted;
	bool running; /* a line is being executed, by the permit that gate has */
	int64_t started;
	size_t children;       /* of whosh's, when the last line ended */
	bool known;            /* the broker has said who we are */
	char id[UUID_LEN + 1]; /* of the session, where its environment names none */
	char *command;         /* the last line's command ID */
	struct secret secret;  /* … and its question's */
};

/* Run a session to its end, and end as it ended. */
_Noreturn void session(struct gate *gate);
/* What is only in the frames of a session's lines. */
void session_add(const struct session *session, struct buf *out);

/* session_shell.c: start bash; false with a reason (static or malloc'd, not freed) when it could not be. */
bool session_start(struct session *session, const char **why);

/* session_ask.c: what the shell asks: a line, or at a prompt what a prompt needs.  The answer goes to the
 * shell; a permit begins its execution.  false, with the wait status: the shell has ended meanwhile. */
bool session_ask(struct session *session, const struct wire_message *asked, int *status);
bool session_prompt(struct session *session, int *status);
/* Tell the shell: no. */
void session_refuse(struct session *session, const struct refusal *why);

/* session_aside.c: somebody came in at the door: serve the conversation, in a process of its own. */
void session_aside(struct session *session);
/* Is something being killed that was asked aside?  Then gate->killed, and all of the session is to be ended.
 */
bool session_aside_killed(struct session *session);

#endif
