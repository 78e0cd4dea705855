/* session_shell.c: start the bash that a session is.
 *
 * It starts with /dev/null for standard input, and the real one elsewhere: the reader, once it is in and has
 * found everything as it must be, puts the real one in place.  A bash in which it is not, for whatever
 * reason, finds nothing to read and ends.
 *
 * No start-up file is read: nobody has approved it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/environment_value.h"
#include "shell/whosh/session.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
	int frames, door, input; /* in bash */
};

static char **shell_argv(const struct session *session)
{
	const struct arguments *a = &session->gate->arguments;
	char **argv = calloc((size_t)(a->n_options + a->n_rest) + 8, sizeof *argv);
	int n = 0;
	if (!argv)
		return NULL;
	argv[n++] = (char *)(size_t)(a->name ? a->name : a->dash ? "-bash" : "bash");
	argv[n++] = (char *)(size_t) "--norc";
	argv[n++] = (char *)(size_t) "--noprofile";
	if (a->login)
		argv[n++] = (char *)(size_t) "-l";
	if (session->prompt)
		argv[n++] = (char *)(size_t) "-i";
	for (int i = 0; i < a->n_options; i++)
		argv[n++] = a->options[i];
	if (!session->prompt || a->n_rest)
		argv[n++] = (char *)(size_t) "-s";
	if (a->n_rest)
		argv[n++] = (char *)(size_t) "--";
	for (int i = 0; i < a->n_rest; i++)
		argv[n++] = a->rest[i];
	return argv;
}

/* What bash would run or believe before the first line is approved, whatever keep_env says; and what is
 * between whosh and the reader only: whoever could name other descriptors would answer the reader in our
 * place. */
static bool left_out(const char *entry)
{
	static const char *const names[] = {"WHOSH_READER",   "LD_PRELOAD", "BASH_ENV", "ENV",
					    "PROMPT_COMMAND", "PS0",        "PS1",      "PS2",
					    "MAILPATH",       NULL};
	return name_in_table(entry, names);
}

/* The session's environment, and what the reader takes out of it again. */
static char **shell_environment(const struct session *session, const struct ends *ends)
{
	struct gate *gate = session->gate;
	const struct wire_message none = {0};
	char **built = environment_build(gate->environment, gate->conf.value[CONF_KEEP_ENV], &none,
					 gate->self, gate->conf.value[CONF_INTERPRETER]);
	char reader[PATH_MAX + 32], *preload = NULL, *told = NULL;
	size_t n = 0, kept = 0;
	link_find_beside(gate->self, "whosh-reader.so", R_OK, reader, sizeof reader);
	while (built && built[n])
		n++;
	char **environment = calloc(n + 4, sizeof *environment);
	if (!built || !environment)
		return NULL;
	const char *others = environment_value(built, "LD_PRELOAD");
	if (asprintf(&preload, "LD_PRELOAD=%s%s%s", reader, others ? ":" : "", others ? others : "") < 0 ||
	    asprintf(&told, "WHOSH_READER=%d,%d,%d", ends->frames, ends->door, ends->input) < 0)
		return NULL;
	environment[kept++] = preload;
	environment[kept++] = told;
	for (size_t i = 0; i < n; i++)
		if (!left_out(built[i]) && !environment_outer_stamp(built[i], gate->environment))
			environment[kept++] = built[i];
	/* bash would read the account's history before the reader can keep it from that. */
	if (session->prompt)
		environment[kept++] = (char *)(size_t) "HISTFILE=";
	return environment;
}

static _Noreturn void become(const struct session *session, char **argv, char **environment, pid_t parent,
			     int null, int failure)
{
	const char *path = session->gate->conf.value[CONF_INTERPRETER];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && dup2(null, 0) == 0) {
		run_give_back_signals(&session->before);
		execve(path, argv, environment);
	}
	int why = errno;
	if (write(failure, &why, sizeof why) < 0)
		_exit(127);
	_exit(126);
}

/* Not closed by exec, and out of the way of 0 to 2. */
static int handed_over(int fd)
{
	return fcntl(fd, F_DUPFD, 10);
}

static bool start(struct session *session, const int *frames, const int *door, int null, const char **why)
{
	struct ends ends = {handed_over(frames[1]), handed_over(door[1]), handed_over(0)};
	int failure[2] = {-1, -1}, reason = 0;
	char **argv = shell_argv(session), **environment = shell_environment(session, &ends);
	if (argv && environment && ends.frames >= 0 && ends.door >= 0 && ends.input >= 0 &&
	    !pipe2(failure, O_CLOEXEC)) {
		pid_t parent = getpid();
		session->shell = fork();
		if (session->shell == 0)
			become(session, argv, environment, parent, null, failure[1]);
		reason = session->shell < 0 ? errno : 0;
	} else {
		reason = errno ? errno : ENOMEM;
	}
	fd_close(&failure[1]);
	fd_close(&ends.frames);
	fd_close(&ends.door);
	fd_close(&ends.input);
	if (!reason && read(failure[0], &reason, sizeof reason) != (ssize_t)sizeof reason)
		reason = 0;
	fd_close(&failure[0]);
	if (reason)
		*why = strerror(reason);
	return !reason;
}

/* Who leads a session that has no terminal yet takes the one that it is at, as bash would if it led; the
 * shell that whosh starts does not. */
static void take_terminal(const struct session *session)
{
	if (session->prompt && getsid(0) == getpid() && tcgetpgrp(STDIN_FILENO) < 0)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
}

/* Where a sandbox forbids it, its name says more than the reason. */
static bool two_ends(int type, int *ends, const char **why)
{
	if (!socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends))
		return true;
	*why = errno == EPERM ? "a session needs socketpair, which is not permitted here" : strerror(errno);
	return false;
}

bool session_start(struct session *session, const char **why)
{
	int frames[2] = {-1, -1}, door[2] = {-1, -1};
	int null FD_AUTO = open("/dev/null", O_RDONLY | O_CLOEXEC);
	take_terminal(session);
	session->signals = run_take_signals(&session->before);
	if (!two_ends(SOCK_STREAM, frames, why) || !two_ends(SOCK_SEQPACKET, door, why))
		return false;
	if (null < 0 || session->signals < 0 || pipe2(session->kills, O_CLOEXEC)) {
		*why = strerror(errno);
		return false;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	bool started = start(session, frames, door, null, why);
	close(frames[1]);
	close(door[1]);
	session->reader.fd = frames[0];
	session->door = door[0];
	return started;
}
