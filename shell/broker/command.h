/* command.h: the life of one command, from the ask to its outcome.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_COMMAND_H
#define BROKER_COMMAND_H

#include "shell/broker/broker.h"
#include "shell/broker/outcome.h"
#include "shell/broker/request.h"

struct command;

/* Ask the approver.  NULL with *why when it cannot even be asked.  Later the shell is told by shell_waiting,
 * shell_permit or shell_refuse, never from within this call. */
struct command *command_begin(struct broker *broker, struct shell *shell, struct peer *peer,
			      const struct wire_message *ask, struct refusal *why);
/* The shell runs it now. */
void command_started(struct command *command);
/* It ended, or could not be run.  shell_done is called, maybe from within this call, when its outcome is safe
 * (or on its way, with a system broker) and nothing of it that was to be ended is left. */
void command_ended(struct command *command, const struct outcome *outcome);
/* The shell is gone.  The command goes on for as long as it has something to see to. */
void command_abandon(struct command *command);

#endif
