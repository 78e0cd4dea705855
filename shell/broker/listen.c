/* listen.c: the system broker's socket.
 *
 * A socket file left by a broker that was killed is replaced, but only after nobody answered on it: two
 * brokers would each believe to be the host's.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/listen.h"
#include "common/error.h"
#include "common/io.h"
#include "common/log.h"
#include "shell/broker/shell.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3, BACKLOG = 4096, AT_ONCE = 64, PAUSE_MS = 100 };

struct listener {
	struct watch watch;
	struct timer pause;
	struct broker *broker;
	char *path; /* ours to remove; NULL when systemd made it */
};

static void accept_shells(struct watch *watch, uint32_t events)
{
	(void)events;
	struct listener *listener = container_of(watch, struct listener, watch);
	for (int i = 0; i < AT_ONCE; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			shell_accept(listener->broker, fd);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		/* Out of descriptors or memory: the shells wait in the backlog. */
		log_line(LOG_LEVEL_ERROR, "cannot accept a shell now", "error", strerrorname_np(errno), NULL);
		loop_unwatch(listener->broker->loop, watch);
		loop_timer_set(listener->broker->loop, &listener->pause, PAUSE_MS);
		return;
	}
}

static void resume(struct timer *timer)
{
	struct listener *listener = container_of(timer, struct listener, pause);
	if (!loop_watch(listener->broker->loop, &listener->watch, EPOLLIN))
		loop_timer_set(listener->broker->loop, timer, PAUSE_MS);
}

/* The socket passed by systemd; -1: none; -2: not what we need. */
static int passed_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
		return -1;
	int type = 0, listening = 0;
	socklen_t len = sizeof type, len2 = sizeof listening;
	if (strcmp(count, "1") != 0 || getsockopt(FIRST_PASSED, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len2) < 0 ||
	    type != SOCK_STREAM || !listening)
		return -2;
	if (fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC) < 0 || fcntl(FIRST_PASSED, F_SETFL, O_NONBLOCK) < 0)
		return -2;
	return FIRST_PASSED;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd FD_AUTO = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	return connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
}

static int own_socket(const char *path, char **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		error_set(error, "broker_socket: the path is too long: %s", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	struct stat there;
	if (lstat(path, &there) == 0) {
		if (!S_ISSOCK(there.st_mode)) {
			error_set(error, "%s is there and is not a socket", path);
			return -1;
		}
		if (somebody_listens(&address)) {
			error_set(error, "another broker listens on %s", path);
			return -1;
		}
		unlink(path);
	}
	int fd FD_AUTO = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0) {
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	int result = fd;
	fd = -1;
	return result;
}

struct listener *listener_new(struct broker *broker, const char *path, char **error)
{
	struct listener *listener = calloc(1, sizeof *listener);
	if (!listener)
		return NULL;
	listener->broker = broker;
	listener->pause.fire = resume;
	listener->watch.ready = accept_shells;
	int fd = passed_socket();
	if (fd == -2) {
		error_set(error, "what systemd passed is not one listening stream socket");
	} else if (fd == -1) {
		fd = own_socket(path, error);
		if (fd >= 0)
			listener->path = strdup(path);
	}
	listener->watch.fd = fd;
	if (fd >= 0 && loop_watch(broker->loop, &listener->watch, EPOLLIN))
		return listener;
	if (fd >= 0)
		error_set(error, "cannot watch the socket: %s", strerror(errno));
	listener_free(listener);
	return NULL;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	loop_timer_stop(listener->broker->loop, &listener->pause);
	loop_unwatch(listener->broker->loop, &listener->watch);
	if (listener->path)
		unlink(listener->path);
	if (listener->watch.fd >= 0)
		fd_close(&listener->watch.fd);
	free(listener->path);
	free(listener);
}

void notify_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	if (!len || len >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, len);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = 0;
	int fd FD_AUTO = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
}
