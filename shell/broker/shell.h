/* shell.h: one connected shell.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_SHELL_H
#define BROKER_SHELL_H

#include "shell/broker/broker.h"
#include "shell/broker/request.h"

struct shell;
struct tree_entry;
struct waiting;

/* Take over a connected socket (closed in any case). */
void shell_accept(struct broker *broker, int fd);

/* What a command has to tell its shell.  Each may find the shell gone, and then tells the command so. */
void shell_waiting(struct shell *shell, const char *id, const struct waiting *waiting);
/* `lease_ms`: how long it may run on without a broker, 0: to its end. */
void shell_permit(struct shell *shell, const struct request *request, const char *agent, int64_t lease_ms);
/* Learn which process it is. */
void shell_hold(const struct shell *shell, struct tree_entry *tree);
/* In a session: what the line left is to be told from the rest of it. */
void shell_line(const struct shell *shell, struct tree_entry *tree);
/* What it runs is being ended; `own`: by itself, since the broker cannot. */
void shell_kill(struct shell *shell, const char *reason, bool own);
/* It was killed: the end of the conversation, whoever else may hold its socket; the command is not told. */
void shell_drop(struct shell *shell);
/* Ends the line, and but for a session's the conversation; the shell forgets its command. */
void shell_refuse(struct shell *shell, int status, const char *reason, const char *rule, const char *id,
		  const char *hint);
/* The outcome is safe; ends the same. */
void shell_done(struct shell *shell);
/* An answer to CHECK, ready as a frame; ends the conversation. */
void shell_checked(struct shell *shell, const struct buf *frame);

/* An answer to DELEGATE, ready as a frame; ends the conversation. */
void shell_delegated(struct shell *shell, const struct buf *frame);

/* The broker is stopping: refuse those that run nothing yet; `all`: give up those that do, as well. */
void shells_stop(struct broker *broker, bool all);

#endif
