/* gate.h: one command on its way through the gate.
 *
 * The way, each step a file: arguments.c what was asked for · script_text.c the text of a file · context.c
 * who, what, where · broker_link.c the broker · ask.c may it run? · run.c run exactly that · script_open.c …
 * from a file's approved text · accompany.c stay beside it · outcome.c how it ended.  main.c reads as the
 * list of these steps.  A session goes the same way once for each of its lines (session.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_GATE_H
#define WHOSH_GATE_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/link.h"
#include "common/wire.h"
#include "shell/whosh/arguments.h"
#include "shell/whosh/refusal.h"
#include <signal.h>
#include <sys/types.h>

struct gate {
	struct arguments arguments;
	struct conf conf;
	char **environment; /* as it came */
	char self[4096];    /* the path of this program */
	const char *mode;   /* command | login | ssh | script | prompt | stdin | source */
	const char *line;   /* the exact bytes that are approved and run */
	size_t line_len;
	struct buf script;                /* the text of a script file; `line` points into it */
	char *script_path;                /* the file that bash will open: as given, or found in PATH */
	const char *cwd;                  /* where it will run; NULL: here */
	struct session *session;          /* it is a line of this session; NULL: it is all there is */
	const struct wire_message *asked; /* … and what the session's shell has asked */
	struct link link;                 /* to the broker */
	bool sent;                        /* the whole request went out */
	bool owed;                        /* the broker has not said yet that it has the last outcome */
	struct buf permit_bytes;          /* a copy, for the command's environment */
	struct wire_message permit;       /* in permit_bytes */
	char *killed;                     /* why the command is being ended; NULL: it is not */
	bool own_end;                     /* … and we are to do it */
	int64_t gone; /* since when the broker has been gone (clock_mono_ms); 0: it is there */
};

/* script_text.c: read the file named by arguments.file as bash would find it.  Does not return on errors:
 * says what bash says, with its statuses (127 not there, 126 not to be read). */
void script_text(struct gate *gate);

/* context.c: append the frame of `type` (WIRE_ASK, WIRE_CHECK or WIRE_HISTORY) to `out`.  false: something
 * named in the environment cannot be read, or it is too large. */
bool context_frame(struct gate *gate, enum wire_type type, struct buf *out, struct refusal *why);

/* broker_link.c: connect to the host's broker, or start a private one where there is none; false with a
 * malloc'd sentence. */
bool broker_link(struct gate *gate, char **error);
/* The next frame from the broker; blocks at most timeout_ms (-1: for ever).  false when the broker is gone,
 * silent or speaks garbage.  The frame is borrowed until the next call. */
bool broker_read(struct gate *gate, struct wire_message *message, int timeout_ms);
/* The same that tells apart: 1: a frame; 0: none in time; -1: the broker is gone or speaks garbage. */
int broker_next(struct gate *gate, struct wire_message *message, int timeout_ms);
bool broker_write(struct gate *gate, const struct buf *frame);

/* ask.c: ask, and wait for the permit, which is then gate->permit.  Exits with the status of a refusal. */
void ask(struct gate *gate);
/* Its parts: send the request, on a connection that is opened when there is none; take the answer, which is
 * the permit when true; what is said when there is none. */
bool ask_begin(struct gate *gate, const struct buf *frame, struct refusal *why);
bool ask_answer(struct gate *gate, const struct wire_message *found, struct refusal *why);
bool ask_no_answer(struct refusal *why);

/* run.c: run the approved bytes to their end.  Returns the wait status; -1 when nothing could be run, with
 * the reason in *why (static or malloc'd, not freed). */
int run(struct gate *gate, const char **why);

/* accompany.c: stay beside the child until it has ended; its wait status.  `signals`: a signalfd of those
 * that are taken. */
int accompany(struct gate *gate, pid_t child, int signals);
/* The same until something can be read from one of `others` (OTHERS descriptors; -1: none): STILL_RUNS then.
 */
enum { STILL_RUNS = -1, OTHERS = 3 };
int accompany_until(struct gate *gate, pid_t child, int signals, const int *others);
/* One look at the child and one wait for the others, of at most timeout_ms (-1: for ever), deaf to the
 * broker: STILL_RUNS, or its wait status. */
int accompany_once(struct gate *gate, pid_t child, int signals, const int *others, int timeout_ms);
/* Take what the broker says, without waiting; false: it has gone. */
bool hear(struct gate *gate);
/* Take down what a KILL frame says; true when it is one. */
bool killed_by(struct gate *gate, const struct wire_message *message);
/* End everything below this process; the wait status of `child` when it was not taken before. */
int end_below(pid_t child);

/* script_open.c: see there. */
int script_memfd(const struct gate *gate);
bool script_traced_child(void);
bool script_open(pid_t child, const struct gate *gate, int memfd, int *status, const char **why);

/* run.c: what is around a child: the signals that are taken from now on, and what they were. */
struct before {
	sigset_t mask;
	struct sigaction child; /* SIGCHLD's; an ignored one would swallow the status */
};
/* A signalfd, or -1 with errno. */
int run_take_signals(struct before *before);
void run_give_back_signals(const struct before *before);
/* Tell the broker that it has begun, as process `pid`. */
void run_tell_started(struct gate *gate, pid_t pid);

/* outcome.c: tell the broker how it ended, then end the same way. */
_Noreturn void outcome(struct gate *gate, int status, const char *not_run, int64_t started, int64_t ended);
/* Its parts: tell; wait until that is safe, when it is owed; end as a process with that wait status ended. */
void outcome_tell(struct gate *gate, int status, const char *not_run, bool left, int64_t started,
		  int64_t ended);
void outcome_await(struct gate *gate);
_Noreturn void end_as(int status);
/* Has somebody been left behind by the command, which has itself ended? */
bool left_behind(void);

/* check.c: whosh --check; the exit status. */
int check(struct gate *gate);

#endif
