/* serve_listen.c: bind, listen, and say so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/serve_listen.h"
#include "common/error.h"
#include "common/io.h"
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* "HOST:PORT" or "[HOST]:PORT" taken apart in place. */
static int split(char *address, char **host, char **port)
{
	char *colon = strrchr(address, ':');
	if (!colon || !colon[1])
		return -1;
	*colon = '\0';
	*port = colon + 1;
	*host = address;
	size_t n = strlen(address);
	if (n > 2 && address[0] == '[' && address[n - 1] == ']') {
		address[n - 1] = '\0';
		*host = address + 1;
	}
	return **host ? 0 : -1;
}

static int open_socket(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol), on = 1;
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(fd, a->ai_addr, a->ai_addrlen) ||
	    listen(fd, BACKLOG))
		fd_close(&fd);
	return fd;
}

static void name_of(int fd, char *bound, size_t size)
{
	struct sockaddr_storage s;
	socklen_t len = sizeof s;
	char host[128] = "?", port[16] = "?";
	if (!getsockname(fd, (struct sockaddr *)&s, &len))
		getnameinfo((struct sockaddr *)&s, len, host, sizeof host, port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(bound, size, s.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_on(const char *address, char *bound, size_t size, char **error)
{
	char *copy = strdup(address), *host, *port;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*list = NULL;
	int fd = -1;
	if (!copy || split(copy, &host, &port)) {
		error_set(error, "%s is not ADDR:PORT", address);
	} else {
		int failed = getaddrinfo(host, port, &hints, &list);
		if (!failed)
			fd = open_socket(list);
		if (fd < 0)
			error_set(error, "cannot listen on %s: %s", address,
				  failed ? gai_strerror(failed) : strerror(errno));
	}
	if (fd >= 0)
		name_of(fd, bound, size);
	if (list)
		freeaddrinfo(list);
	free(copy);
	return fd;
}

void tell_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path)
		return;
	int fd FD_AUTO = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	strcpy(to.sun_path, path);
	if (*path == '@')
		to.sun_path[0] = '\0'; /* an abstract address */
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len);
}
