/* broker_link.c: the gate's connection to a broker.
 *
 * The host's broker listens on a unix socket.  Only where nothing is there at all (no socket, or nobody
 * behind it) is a private broker started, on a socketpair: the same program, the same conversation.  A socket
 * that is there but refuses us, or a broker that the system's configuration promises and that is away, is an
 * error: to go on with a private one would be to choose one's own identity.
 *
 * The private broker outlives this process to deliver the outcome, so it gets nothing of ours: a session of
 * its own, /dev/null for 0 to 2, no other descriptor, a clean environment.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BROKER_FD = 3, CONNECT_TRIES = 200 };

/* 0 connected; else errno. */
static int connect_to(struct gate *gate, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	for (int tries = 0;; tries++) {
		if (!connect(fd, (struct sockaddr *)&address, sizeof address)) {
			gate->broker = fd;
			return 0;
		}
		/* EAGAIN: the broker's queue of new connections is full for the moment. */
		if (errno != EINTR && (errno != EAGAIN || tries >= CONNECT_TRIES))
			break;
		if (errno == EAGAIN)
			poll(NULL, 0, 25);
	}
	int saved = errno;
	close(fd);
	return saved;
}

static void find_program(const struct gate *gate, char *path, size_t size)
{
	const char *slash = strrchr(gate->self, '/');
	snprintf(path, size, "%.*swhosh-broker", slash ? (int)(slash + 1 - gate->self) : 0, gate->self);
	if (access(path, X_OK))
		snprintf(path, size, "%s/whosh-broker", WHOSH_LIBEXECDIR);
}

static _Noreturn void private_broker(const char *program, char **environment, int fd, int null)
{
	sigset_t none;
	sigemptyset(&none);
	/* Dispositions that were ignored would stay so across exec: the broker wants its own. */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	for (int i = 0; i <= 2; i++)
		dup2(null, i);
	if (fd != BROKER_FD)
		dup2(fd, BROKER_FD);
	else
		fcntl(fd, F_SETFD, 0);
	close_range(BROKER_FD + 1, ~0u, 0);
	if (chdir("/"))
		_exit(127);
	char *argv[] = {(char *)(size_t) "whosh-broker", (char *)(size_t) "--private", (char *)(size_t) "3",
			NULL};
	execve(program, argv, environment);
	_exit(127);
}

static void start_private(struct gate *gate)
{
	char program[sizeof gate->self + 32];
	int ends[2];
	find_program(gate, program, sizeof program);
	if (access(program, X_OK))
		message_exit(EXIT_UNREACHABLE,
			     "approver unreachable: no broker listens on %s, and there is no %s to start",
			     gate->conf.value[CONF_BROKER_SOCKET], program);
	char **environment = environment_for_broker(gate->environment);
	int null FD_AUTO = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!environment || null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		message_exit(EXIT_UNREACHABLE, "approver unreachable: cannot start a broker: %s",
			     strerror(errno));
	/* Where the caller had SIGCHLD ignored, there would be no status to wait for. */
	struct sigaction standard = {.sa_handler = SIG_DFL}, before;
	sigaction(SIGCHLD, &standard, &before);
	/* Twice forked, so that it is nobody's child here: a command that waits for all its children, or that
	 * counts them, must not meet it. */
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0)
			private_broker(program, environment, ends[1], null);
		_exit(inner < 0);
	}
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	sigaction(SIGCHLD, &before, NULL);
	free(environment);
	close(ends[1]);
	if (pid < 0 || status != 0)
		message_exit(EXIT_UNREACHABLE, "approver unreachable: cannot start a broker: %s",
			     strerror(errno));
	gate->broker = ends[0];
	gate->private_broker = true;
}

void broker_link(struct gate *gate)
{
	const char *path = gate->conf.value[CONF_BROKER_SOCKET];
	int why = connect_to(gate, path);
	if (!why)
		return;
	bool promised = strcmp(gate->conf.source[CONF_BROKER_SOCKET], "default") != 0;
	if ((why != ENOENT && why != ENOTDIR && why != ECONNREFUSED) || promised)
		message_exit(EXIT_UNREACHABLE, "approver unreachable: the broker at %s: %s; nothing was run",
			     path, strerror(why));
	start_private(gate);
}

bool broker_write(struct gate *gate, const struct buf *frame)
{
	const char *at = frame->data;
	size_t left = frame->len;
	while (left && !frame->failed) {
		ssize_t sent = send(gate->broker, at, left, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		at += sent;
		left -= (size_t)sent;
	}
	return !frame->failed;
}

bool broker_read(struct gate *gate, struct wire_message *message, int timeout_ms)
{
	return broker_next(gate, message, timeout_ms) == 1;
}

int broker_next(struct gate *gate, struct wire_message *message, int timeout_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	buf_drop(&gate->in, gate->shown);
	gate->shown = 0;
	for (;;) {
		int found = wire_next(&gate->in, message, &gate->shown);
		if (found)
			return found;
		int64_t left = timeout_ms < 0 ? -1 : end - clock_mono_ms();
		if (timeout_ms >= 0 && left < 0)
			return 0;
		struct pollfd waiting = {.fd = gate->broker, .events = POLLIN};
		int ready = poll(&waiting, 1, (int)left);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return 0;
		if (ready < 0 || !buf_reserve(&gate->in, 4096))
			return -1;
		ssize_t got =
		    recv(gate->broker, gate->in.data + gate->in.len, gate->in.cap - gate->in.len - 1, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		gate->in.len += (size_t)got;
		gate->in.data[gate->in.len] = '\0';
	}
}
