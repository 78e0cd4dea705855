/* run.c: run exactly what was approved, as bash would have been run in our place.
 *
 * The command inherits everything as it came: descriptors, limits, umask, signal mask and dispositions.  This
 * process stays beside it (accompany.c).  If this process is killed the command dies with it, as it would
 * have if bash had exec'ed it in place.  What the command daemonises is given to this process and not to
 * init, so that a kill finds it below us.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/gate.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_TRACED = -1 };

static const int taken[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2, SIGALRM,
			    SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGCONT, SIGCHLD};

/* argv for the interpreter.  --norc: bash reads ~/.bashrc even for `-c` when it believes that sshd started
 * it, and nobody approved that file. */
static char **interpreter_argv(const struct gate *gate)
{
	const struct arguments *a = &gate->arguments;
	const char *path = gate->conf.value[CONF_INTERPRETER];
	const char *slash = strrchr(path, '/');
	char **argv = calloc((size_t)(a->n_options + a->n_rest) + 9, sizeof *argv);
	int n = 0;
	if (!argv)
		return NULL;
	const char *name = slash ? slash + 1 : path;
	argv[n++] = (char *)(size_t)(a->name ? a->name + a->dash : name);
	if (!strcmp(name, "bash") || !strcmp(name, "rbash"))
		argv[n++] = (char *)(size_t) "--norc";
	if (a->interactive)
		argv[n++] = (char *)(size_t) "-i";
	for (int i = 0; i < a->n_options; i++)
		argv[n++] = a->options[i];
	if (a->call == CALL_SCRIPT) {
		/* A name that begins with a dash or plus would be an option. */
		if (a->file[0] == '-' || a->file[0] == '+')
			argv[n++] = (char *)(size_t) "--";
		argv[n++] = (char *)(size_t)a->file;
	} else {
		argv[n++] = (char *)(size_t) "-c";
		if (gate->line[0] == '-' || gate->line[0] == '+')
			argv[n++] = (char *)(size_t) "--";
		argv[n++] = (char *)(size_t)gate->line;
	}
	/* A login shell is called -bash, and says so in $0 and its messages. */
	if (a->dash && a->call == CALL_LINE && !a->n_rest)
		argv[n++] = (char *)(size_t)(a->name ? a->name : "-bash");
	for (int i = 0; i < a->n_rest; i++)
		argv[n++] = a->rest[i];
	return argv;
}

int run_take_signals(struct before *before)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaddset(&set, taken[i]);
	sigaction(SIGCHLD, &standard, &before->child);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void run_give_back_signals(const struct before *before)
{
	sigaction(SIGCHLD, &before->child, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

void run_tell_started(struct gate *gate, pid_t pid)
{
	struct buf started BUF_AUTO = BUF_INIT;
	size_t mark;
	wire_begin(&started, WIRE_STARTED, &mark);
	wire_add_number(&started, WIRE_PID, pid);
	wire_end(&started, mark);
	/* When the broker is gone the command is approved all the same; the approver sees the lease lapse. */
	broker_write(gate, &started);
}

static _Noreturn void become(const struct gate *gate, char **argv, char **environment,
			     const struct before *before, pid_t parent, int memfd, int failure)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	int why = NOT_TRACED;
	if (memfd < 0 || (script_traced_child() && !fcntl(memfd, F_SETFD, 0))) {
		run_give_back_signals(before);
		execve(gate->conf.value[CONF_INTERPRETER], argv, environment);
		why = errno;
	}
	if (write(failure, &why, sizeof why) < 0)
		_exit(127);
	_exit(126);
}

int run(struct gate *gate, const char **why)
{
	char **argv = interpreter_argv(gate);
	char **environment = environment_build(gate->environment, gate->conf.value[CONF_KEEP_ENV],
					       &gate->permit, gate->self, gate->conf.value[CONF_INTERPRETER]);
	int memfd FD_AUTO = gate->arguments.call == CALL_SCRIPT ? script_memfd(gate) : -1;
	int failure[2] = {-1, -1};
	if (!argv || !environment || (gate->arguments.call == CALL_SCRIPT && memfd < 0) ||
	    pipe2(failure, O_CLOEXEC)) {
		*why = strerror(errno);
		return -1;
	}
	struct before before;
	int signals FD_AUTO = run_take_signals(&before);
	if (signals < 0) {
		*why = strerror(errno);
		close(failure[0]);
		close(failure[1]);
		return -1;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	hear(gate);
	if (gate->killed) {
		*why = gate->killed;
		close(failure[0]);
		close(failure[1]);
		return -1;
	}
	/* Nothing is copied: the child only sets what exec keeps, and becomes bash. */
	pid_t parent = getpid(), child = vfork();
	if (child == 0)
		become(gate, argv, environment, &before, parent, memfd, failure[1]);
	close(failure[1]);
	if (child < 0) {
		*why = strerror(errno);
		close(failure[0]);
		return -1;
	}
	run_tell_started(gate, child);
	int status = 0, reason = 0;
	bool script_runs = memfd < 0 || script_open(child, gate, memfd, &status, why);
	bool exec_failed = read(failure[0], &reason, sizeof reason) == (ssize_t)sizeof reason;
	close(failure[0]);
	fd_close(&memfd);
	if (!script_runs && *why)
		return -1;
	if (script_runs)
		status = accompany(gate, child, signals);
	if (exec_failed) {
		*why = reason == NOT_TRACED ? "a script needs ptrace(2) here, which is not permitted"
					    : strerror(reason);
		return -1;
	}
	return status;
}
