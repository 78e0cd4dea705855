/* outcome.c: tell the broker how the command ended, then end the same way.
 *
 * A command that is being killed is answered when nothing of it is left: until then this process is the one
 * that its orphans are given to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
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
enum { SYSTEM_MS = 2000, PRIVATE_MS = 30000, KILLED_MS = 10000 };

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

/* Are there processes that the command started and that have not ended?  One system call when there are
 * none. */
bool left_behind(void)
{
	pid_t reaped;
	while ((reaped = waitpid(-1, NULL, WNOHANG)) > 0)
		continue;
	return reaped == 0;
}

/* Wait for DONE, or until the broker has had its time. */
static void wait_done(struct gate *gate)
{
	int64_t limit = gate->link.private ? PRIVATE_MS : SYSTEM_MS;
	int64_t end = clock_mono_ms() + (gate->killed && limit < KILLED_MS ? KILLED_MS : limit);
	struct wire_message found;
	for (int64_t left; (left = end - clock_mono_ms()) > 0;) {
		bool answered = broker_read(gate, &found, (int)left);
		if (!answered && gate->killed)
			end_below(0); /* the broker has gone in the middle of it */
		if (!answered || !killed_by(gate, &found))
			return;
		if (gate->own_end)
			end_below(0);
		end = clock_mono_ms() + KILLED_MS;
	}
}

_Noreturn void end_as(int status)
{
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	_exit(WEXITSTATUS(status));
}

void outcome_await(struct gate *gate)
{
	if (gate->owed)
		wait_done(gate);
	gate->owed = false;
}

void outcome_tell(struct gate *gate, int status, const char *not_run, bool left, int64_t started,
		  int64_t ended)
{
	struct buf frame BUF_AUTO = BUF_INIT;
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
	if (left)
		wire_adds(&frame, WIRE_LEFT, "1");
	wire_end(&frame, mark);
	gate->owed = broker_write(gate, &frame);
}

_Noreturn void outcome(struct gate *gate, int status, const char *not_run, int64_t started, int64_t ended)
{
	bool killed_before = not_run && gate->killed;
	outcome_tell(gate, status, killed_before ? "killed before it was started" : not_run,
		     !not_run && left_behind(), started, ended);
	outcome_await(gate);
	if (gate->killed)
		message("killed: %s", gate->killed);
	if (killed_before)
		_exit(EXIT_IDENTITY);
	if (not_run)
		message_exit(EXIT_CONFIGURATION, "configuration: %s: %s; nothing was run",
			     gate->conf.value[CONF_INTERPRETER], not_run);
	end_as(status);
}
