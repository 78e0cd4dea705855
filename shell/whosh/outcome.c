/* outcome.c: tell the broker how the command ended, then end the same way.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The host's broker takes an outcome over at once; a private one says so when it is delivered or spooled,
 * which it limits by itself. */
enum { SYSTEM_MS = 2000, PRIVATE_MS = 30000 };

static _Noreturn void die_of(int number)
{
	struct rlimit none = {0, 0};
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t all;
	setrlimit(RLIMIT_CORE, &none); /* the command has left its core; ours would hold nothing of it */
	sigaction(number, &standard, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(number);
	sigdelset(&all, number);
	sigprocmask(SIG_SETMASK, &all, NULL);
	_exit(128 + number);
}

_Noreturn void outcome(struct gate *gate, int status, const char *not_run, int64_t started, int64_t ended)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message found;
	size_t mark;
	wire_begin(&frame, WIRE_OUTCOME, &mark);
	if (not_run)
		wire_adds(&frame, WIRE_NOT_RUN, not_run);
	else if (WIFSIGNALED(status))
		wire_add_number(&frame, WIRE_SIGNAL, WTERMSIG(status));
	else
		wire_add_number(&frame, WIRE_EXIT, WEXITSTATUS(status));
	wire_add_number(&frame, WIRE_STARTED_MS, started);
	wire_add_number(&frame, WIRE_ENDED_MS, ended);
	wire_end(&frame, mark);
	if (broker_write(gate, &frame))
		broker_read(gate, &found, gate->link.private ? PRIVATE_MS : SYSTEM_MS);
	if (not_run)
		message_exit(EXIT_CONFIGURATION, "configuration: %s: %s; nothing was run",
			     gate->conf.value[CONF_INTERPRETER], not_run);
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	_exit(WEXITSTATUS(status));
}
