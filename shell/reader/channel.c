/* channel.c: the two sockets between bash and whosh.
 *
 * One carries frames (common/wire.h) in both directions, by the shell itself only.  Through the other goes
 * nothing but descriptors: one end of a fresh socket for each question that is asked aside, since the shell
 * and its forked children may ask at the same time.
 *
 * The session can close any descriptor by its number, or put another file there.  Each use first looks
 * whether it is still the same socket; when it is not, nothing is asked and nothing runs any more.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/link.h"
#include "common/passing.h"
#include "shell/reader/reader.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above what scripts use by number, and below bash's own 255. */
enum { HIGH_FD = 230 };

struct end {
	int fd;
	dev_t device;
	ino_t inode;
};

static struct end frames = {.fd = -1}, door = {.fd = -1};
static struct link way = {.fd = -1};

static bool take(struct end *end, int fd)
{
	struct stat st;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high < 0)
		high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	if (high < 0 || fstat(high, &st) || !S_ISSOCK(st.st_mode))
		return false;
	*end = (struct end){high, st.st_dev, st.st_ino};
	return true;
}

bool channel_take(int frames_fd, int door_fd)
{
	if (!take(&frames, frames_fd) || !take(&door, door_fd))
		return false;
	way.fd = frames.fd;
	return true;
}

static bool same(const struct end *end)
{
	struct stat st;
	return end->fd >= 0 && !fstat(end->fd, &st) && st.st_dev == end->device && st.st_ino == end->inode;
}

struct link *channel(void)
{
	return same(&frames) ? &way : NULL;
}

int channel_next(struct link *link, struct wire_message *message, int timeout_ms)
{
	int found = link_next(link, message, 0);
	struct pollfd waiting = {.fd = link->fd, .events = POLLIN};
	if (found || poll(&waiting, 1, timeout_ms) <= 0)
		return found;
	return link_next(link, message, 0);
}

int channel_aside(void)
{
	int ends[2];
	if (!same(&door) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	bool passed = fd_pass(door.fd, ends[1]);
	close(ends[1]);
	if (passed)
		return ends[0];
	close(ends[0]);
	return -1;
}
