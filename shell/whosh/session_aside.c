/* session_aside.c: a question beside the session's line: may this file be sourced?
 *
 * The shell, or a subshell, asks while a line of the session runs.  Each such conversation has a process of
 * its own, which asks the broker on a connection of its own and tells it how the file ended.  For the
 * approver it is a command whose parent is the line.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/passing.h"
#include "shell/whosh/session.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASKED_MS = 10000, ANSWER_MS = 60000 };

/* Has the session's whosh gone?  Nobody reads what we would have killed. */
static struct pollfd whosh_of(const struct session *session)
{
	return (struct pollfd){.fd = session->kills[1]};
}

/* The answer of the broker; false: there is none, or nobody wants it any more. */
static bool wait_answer(struct session *session, struct link *shell, struct wire_message *answer)
{
	struct gate *gate = session->gate;
	bool waiting = false;
	for (;;) {
		int found = broker_next(gate, answer, 0);
		if (found < 0)
			return false;
		if (found > 0 && answer->type != WIRE_WAITING)
			return true;
		if (found > 0) {
			struct buf frame BUF_AUTO = BUF_INIT;
			waiting = true;
			wire_pass(&frame, answer);
			link_write(shell, &frame);
			continue;
		}
		struct pollfd on[] = {{.fd = gate->link.fd, .events = POLLIN},
				      {.fd = shell->fd, .events = POLLIN},
				      whosh_of(session)};
		int ready = poll(on, 3, waiting ? -1 : ANSWER_MS);
		if (ready == 0 || on[1].revents || on[2].revents || (ready < 0 && errno != EINTR))
			return false;
	}
}

static void answer_shell(struct link *shell, const struct secret *secret, const struct refusal *why)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	secret_begin(&frame, why->status ? WIRE_REFUSED : WIRE_PERMIT, secret, &mark);
	if (why->status)
		wire_add_number(&frame, WIRE_STATUS, why->status);
	if (why->text.len)
		wire_add(&frame, WIRE_REASON, why->text.data, why->text.len);
	secret_end(&frame, secret, mark);
	link_write(shell, &frame);
}

/* The line that runs is the parent, in place of what whosh itself was started by. */
static bool name_parent(struct gate *gate, const char *command)
{
	size_t n = 0, kept = 0;
	char *parent;
	while (gate->environment[n])
		n++;
	char **environment = calloc(n + 2, sizeof *environment);
	if (!environment || asprintf(&parent, "WHOSH_COMMAND_ID=%s", command) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strncmp(gate->environment[i], "WHOSH_COMMAND_ID=", 17) != 0)
			environment[kept++] = gate->environment[i];
	environment[kept] = parent;
	gate->environment = environment;
	return true;
}

/* What runs is in the session's shell, and only whosh itself can end all that is below it. */
static void pass_kill_on(const struct session *session, const char *reason)
{
	size_t len = strlen(reason);
	if (write_all(session->kills[1], reason, len < PIPE_BUF ? len : PIPE_BUF))
		kill(session->shell, SIGKILL);
}

bool session_aside_killed(struct session *session)
{
	char reason[PIPE_BUF + 1];
	struct pollfd on = {.fd = session->kills[0], .events = POLLIN};
	if (session->kills[0] < 0 || poll(&on, 1, 0) <= 0)
		return false;
	ssize_t len = read(session->kills[0], reason, sizeof reason - 1);
	if (len <= 0)
		return false;
	reason[len] = '\0';
	free(session->gate->killed);
	session->gate->killed = strdup(reason);
	session->gate->own_end = true;
	return session->gate->killed != NULL;
}

static void follow_to_end(struct session *session, struct link *shell, const struct secret *secret)
{
	struct gate *gate = session->gate;
	struct wire_message told;
	int64_t started = clock_wall_ms();
	run_tell_started(gate, getppid());
	/* When nobody tells, the shell has ended in the middle of it, or whosh has; the broker finds that out
	 * by itself.  The end of the file may be the shell's, and so whosh's: what was told before is read.
	 */
	bool there = true, passed_on = false, alone = false;
	int found;
	while ((found = link_next(shell, &told, 0)) == 0 && !alone) {
		struct pollfd on[] = {{.fd = shell->fd, .events = POLLIN},
				      {.fd = there ? gate->link.fd : -1, .events = POLLIN},
				      whosh_of(session)};
		if (poll(on, 3, -1) < 0)
			continue;
		alone = on[2].revents != 0 && !on[0].revents;
		if (on[1].revents)
			there = hear(gate);
		if (gate->killed && !passed_on)
			pass_kill_on(session, gate->killed);
		passed_on = gate->killed != NULL;
	}
	if (found <= 0 || told.type != WIRE_OUTCOME || !secret_in(secret, &told))
		return;
	int64_t code = wire_number(&told, WIRE_EXIT, EXIT_CONFIGURATION);
	outcome_tell(gate, W_EXITCODE((int)(code & 255), 0), NULL, false, started, clock_wall_ms());
	outcome_await(gate);
}

static _Noreturn void serve(struct session *session, int fd)
{
	struct gate *gate = session->gate;
	struct link shell = {.fd = fd};
	struct refusal why = {0};
	struct buf frame = BUF_INIT;
	struct wire_message asked, answer;
	struct secret secret;
	link_close(&session->reader);
	fd_close(&session->kills[0]);
	fd_close(&session->door);
	link_close(&gate->link);
	gate->gone = 0;
	gate->owed = false;
	if (!session->command || !link_read(&shell, &asked, ASKED_MS) || asked.type != WIRE_ASK ||
	    !secret_take(&secret, &asked) || !name_parent(gate, session->command))
		_exit(0);
	gate->line = wire_bytes(&asked, WIRE_LINE, &gate->line_len);
	gate->mode = "source";
	gate->asked = &asked;
	gate->cwd = wire_string(&asked, WIRE_CWD);
	if (!gate->line || gate->line_len > WIRE_MAX_LINE)
		refusal_set(&why, EXIT_DENIED, "the file is larger than the %u KiB that an approver takes",
			    WIRE_MAX_LINE / 1024);
	else if (!context_frame(gate, WIRE_ASK, &frame, &why) || !ask_begin(gate, &frame, &why))
		;
	else if (!wait_answer(session, &shell, &answer))
		ask_no_answer(&why);
	else
		ask_answer(gate, &answer, &why);
	answer_shell(&shell, &secret, &why);
	if (!why.status)
		follow_to_end(session, &shell, &secret);
	_exit(0);
}

void session_aside(struct session *session)
{
	int fd;
	while ((fd = fd_receive(session->door)) >= 0) {
		if (fork() == 0)
			serve(session, fd);
		close(fd);
	}
	if (fd == FD_NEVER)
		fd_close(&session->door);
}
