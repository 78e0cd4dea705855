/* main.c: whosh, the gate: read as the list of steps that a command line takes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/secure.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include "shell/whosh/session.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: whosh [-l] [-e] [-c LINE [ARG0 ARG...]] [-s] [FILE [ARG...]]\n"
			    "       whosh --check | --version | --help\n"
			    "Runs what the approver approves; see whosh(1).\n";

/* 0 to 2 must be open, or the first file opened would become standard output. */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (errno != EBADF)
			message_exit(EXIT_CONFIGURATION, "configuration: fcntl: %s; nothing was run",
				     strerror(errno));
		if (open("/dev/null", O_RDWR) != fd)
			message_exit(EXIT_CONFIGURATION,
				     "configuration: /dev/null cannot be opened in place of descriptor %d, "
				     "which is closed; nothing was run",
				     fd);
	}
}

static void find_self(struct gate *gate)
{
	ssize_t len = readlink("/proc/self/exe", gate->self, sizeof gate->self - 1);
	if (len <= 0)
		message_exit(EXIT_CONFIGURATION, "configuration: /proc is not mounted");
	gate->self[len] = '\0';
}

/* Is this line nothing but our own name?  Then it is the ForceCommand or command= that sshd gives to a login
 * shell, and what the client wants is in SSH_ORIGINAL_COMMAND. */
static bool names_us(const struct gate *gate, const char *line)
{
	char path[sizeof gate->self];
	if (!strcmp(line, gate->self))
		return true;
	if (*line != '/' || strpbrk(line, " \t\n;|&<>()$`\"'\\*?["))
		return false;
	/* By another path, such as a symbolic link in /etc/shells. */
	return realpath(line, path) && !strcmp(path, gate->self);
}

/* What is to be approved and run; does not return when there is nothing that can be. */
static void find_line(struct gate *gate)
{
	struct arguments *a = &gate->arguments;
	const char *original = getenv("SSH_ORIGINAL_COMMAND");
	bool forced =
	    a->call == CALL_BARE || (a->call == CALL_LINE && a->n_rest == 0 && names_us(gate, a->line));
	if (forced && original && *original) {
		a->call = CALL_LINE;
		gate->mode = "ssh";
		gate->line = original;
	} else if (forced || a->call == CALL_STDIN) {
		bool terminal = a->call == CALL_BARE && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
		gate->mode = a->interactive || terminal ? "prompt" : "stdin";
		a->call = CALL_STDIN;
	} else if (a->call == CALL_SCRIPT) {
		gate->mode = "script";
		script_text(gate);
	} else {
		gate->mode = a->login ? "login" : "command";
		gate->line = a->line;
	}
	if (a->call == CALL_LINE)
		gate->line_len = strlen(gate->line);
	else if (gate->line_len && memchr(gate->line, '\0', gate->line_len))
		message_exit(EXIT_DENIED,
			     "denied: %s holds a NUL byte: no two programs read such a text alike", a->file);
}

int main(int argc, char **argv, char **envp)
{
	static struct gate gate = {.link.fd = -1};
	char *error;
	if (argc < 1 || !argv[0])
		return EXIT_CONFIGURATION;
	open_standard();
	gate.environment = envp;
	find_self(&gate);
	secure_process(true);
	error = arguments_parse(&gate.arguments, argc, argv);
	if (error)
		message_exit(EXIT_USAGE_ERROR, "%s", error);
	if (gate.arguments.call == CALL_VERSION)
		return printf("whosh %s\n", WHOSH_VERSION) < 0;
	if (gate.arguments.call == CALL_HELP)
		return fputs(usage, stdout) < 0;
	if (conf_load(&gate.conf, NULL, &error))
		message_exit(EXIT_CONFIGURATION, "configuration: %s", error ? error : "out of memory");
	if (gate.arguments.call == CALL_CHECK)
		return check(&gate);
	find_line(&gate);
	if (access(gate.conf.value[CONF_INTERPRETER], X_OK))
		message_exit(EXIT_CONFIGURATION, "configuration: %s: %s", gate.conf.value[CONF_INTERPRETER],
			     strerror(errno));
	if (gate.arguments.call == CALL_STDIN)
		session(&gate);
	ask(&gate);
	const char *not_run = NULL;
	int64_t started = clock_wall_ms();
	int status = run(&gate, &not_run);
	outcome(&gate, status, not_run, started, clock_wall_ms());
}
