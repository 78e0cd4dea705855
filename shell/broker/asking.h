/* asking.h: the part of a command's life in which the approver is asked; and what its two files share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_ASKING_H
#define BROKER_ASKING_H

#include "shell/broker/command.h"
#include "shell/broker/live.h"
#include "shell/broker/trees.h"

enum step { STEP_ASKING, STEP_WAITING, STEP_PERMITTED, STEP_RUNNING, STEP_REPORTED, STEP_LEFT };

struct command {
	struct broker *broker;
	struct shell *shell; /* NULL: gone */
	struct peer *peer;
	struct credential *credential;
	struct request request;
	enum step step;
	struct call *call;
	struct timer timer; /* the next try, or the end of a wait */
	unsigned tries;
	int64_t first_failure; /* when the first failed try began (clock_mono_ms) */
	struct live_entry live;
	int64_t started; /* ms since 1970 */
	struct delivery *delivery;
	struct tree_entry tree;
	char *why;      /* what the outcome's reason is to say, or NULL */
	bool ending;    /* its processes are being ended */
	bool tree_over; /* … and that has come to its end */
	bool late;      /* the shell has not reported in time what is being ended */
	bool told;      /* the shell has told `outcome`, which waits for the tree */
	struct outcome outcome;
	struct timer patience; /* with a shell that does not report what was ended */
};

/* asking.c: prepare a new command's callbacks; post it (again: the very same bytes); take it back.  Each may
 * be called with a shell that is gone, and then sees to it that the approver learns what became of the
 * command. */
void command_prepare(struct command *command);
void command_ask(struct command *command);
void command_withdraw(struct command *command);

/* command.c: the ends.  Each frees the command and tells the shell, if there is one. */
void command_refused(struct command *command, int status, const char *reason, const char *rule,
		     const char *hint);
void command_refused_because(struct command *command, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* It was permitted, and there is nobody who could say how it ended. */
void command_not_ended(struct command *command, enum outcome_kind kind, const char *reason);
void command_free(struct command *command);
/* Sign and deliver the outcome; then the shell may go, and the command too, unless something is left of it.
 */
void command_report(struct command *command, const struct outcome *outcome);

/* ending.c: prepare a new command's callbacks; what the shell told of the end waits for the processes that
 * are left; the shell has gone while it ran; let go of all of it. */
void ending_prepare(struct command *command);
void ending_told(struct command *command, const struct outcome *outcome);
void ending_shell_gone(struct command *command);
void ending_finish(struct command *command);

#endif
