/* link.c: the way to a broker; see link.h.
 *
 * The private broker outlives this process to deliver the outcome, so it gets nothing of ours: a session of
 * its own, /dev/null for 0 to 2, no other descriptor, a clean environment.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/link.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static const char *const for_broker[] = {"PATH",
					 "HOME",
					 "XDG_STATE_HOME",
					 "WHOSH_CONFIG",
					 "WHOSH_APPROVER_URL",
					 "WHOSH_APPROVER_CA",
					 "WHOSH_APPROVER_KEY",
					 "WHOSH_TOKEN_FILE",
					 "CREDENTIALS_DIRECTORY"};
enum { FOR_BROKER = sizeof for_broker / sizeof *for_broker };

static bool is_for_broker(const char *entry)
{
	size_t len = strcspn(entry, "=");
	for (size_t i = 0; i < FOR_BROKER; i++)
		if (strlen(for_broker[i]) == len && !strncmp(entry, for_broker[i], len))
			return true;
	return false;
}

char **environment_for_broker(char *const *from)
{
	char **out = calloc(FOR_BROKER + 1, sizeof *out);
	size_t n = 0;
	for (char *const *e = from; out && *e; e++)
		if (is_for_broker(*e) && n < FOR_BROKER)
			out[n++] = *e;
	return out;
}

/* ── the host's broker ── */

/* 0 connected; else errno. */
static int connect_to(struct link *link, const char *path)
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
			link->fd = fd;
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

/* ── a private one ── */

void link_find_beside(const char *self, const char *name, int mode, char *path, size_t size)
{
	const char *slash = strrchr(self, '/');
	snprintf(path, size, "%.*s%s", slash ? (int)(slash + 1 - self) : 0, self, name);
	if (access(path, mode))
		snprintf(path, size, "%s/%s", WHOSH_LIBEXECDIR, name);
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

static bool start_private(struct link *link, const char *socket_path, const char *self,
			  char *const *environ_from, char **error)
{
	char program[PATH_MAX + 32];
	int ends[2];
	link_find_beside(self, "whosh-broker", X_OK, program, sizeof program);
	if (access(program, X_OK))
		return error_set(error, "no broker listens on %s, and there is no %s to start", socket_path,
				 program);
	char **environment = environment_for_broker(environ_from);
	int null FD_AUTO = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!environment || null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		free(environment);
		return error_set(error, "cannot start a broker: %s", strerror(errno));
	}
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
	link->fd = ends[0];
	link->private = true;
	if (pid >= 0 && status == 0)
		return true;
	error_set(error, "cannot start a broker: %s", strerror(errno));
	link_close(link);
	return false;
}

bool link_open(struct link *link, const struct conf *conf, const char *self, char *const *environment,
	       char **error)
{
	const char *path = conf->value[CONF_BROKER_SOCKET];
	*error = NULL;
	*link = (struct link){.fd = -1};
	int why = connect_to(link, path);
	if (!why)
		return true;
	bool promised = strcmp(conf->source[CONF_BROKER_SOCKET], "default") != 0;
	if ((why != ENOENT && why != ENOTDIR && why != ECONNREFUSED) || promised)
		return error_set(error, "the broker at %s: %s", path, strerror(why));
	return start_private(link, path, self, environment, error);
}

void link_close(struct link *link)
{
	fd_close(&link->fd);
	buf_finish(&link->in);
	link->shown = 0;
}

/* ── frames ── */

bool link_write(struct link *link, const struct buf *frame)
{
	const char *at = frame->data;
	size_t left = frame->len;
	while (left && !frame->failed) {
		ssize_t sent = send(link->fd, at, left, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		at += sent;
		left -= (size_t)sent;
	}
	return !frame->failed;
}

int link_next(struct link *link, struct wire_message *message, int timeout_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	buf_drop(&link->in, link->shown);
	link->shown = 0;
	for (;;) {
		int found = wire_next(&link->in, message, &link->shown);
		if (found)
			return found;
		int64_t left = timeout_ms < 0 ? -1 : end - clock_mono_ms();
		/* What is there already is taken even when the time has passed, as it may in a timeout of 0.
		 */
		if (timeout_ms >= 0 && left < 0)
			left = 0;
		struct pollfd waiting = {.fd = link->fd, .events = POLLIN};
		int ready = poll(&waiting, 1, (int)left);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return 0;
		if (ready < 0 || !buf_reserve(&link->in, 4096))
			return -1;
		ssize_t got =
		    recv(link->fd, link->in.data + link->in.len, link->in.cap - link->in.len - 1, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		link->in.len += (size_t)got;
		link->in.data[link->in.len] = '\0';
	}
}

bool link_read(struct link *link, struct wire_message *message, int timeout_ms)
{
	return link_next(link, message, timeout_ms) == 1;
}
