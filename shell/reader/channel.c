/* channel.c: the two sockets between bash and whosh.
 *
 * One carries frames (common/wire.h) in both directions, by the shell itself only.  Through the other goes
 * nothing but descriptors: one end of a fresh socket for each question that is asked aside, since the shell
 * and its forked children may ask at the same time.
 *
 * The session can close any descriptor by its number, or put another file there.  Each use first looks
 * whether it is still the same socket; when it is not, nothing is asked and nothing runs any more.
 * What it writes there itself is not taken for ours (common/secret.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "common/link.h"
#include "common/passing.h"
#include "shell/reader/reader.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above what scripts use by number, and below bash's own 255. */
enum { HIGH_FD = 230 };

static struct end frames = {.fd = -1}, door = {.fd = -1};
static struct link way = {.fd = -1};
static struct aside *asides;

/* Put it out of the way of what scripts use by number, and remember what it is. */
static bool take(struct end *end, int fd)
{
	struct stat st;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high < 0)
		high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	if (high < 0)
		return false;
	*end = (struct end){.fd = high};
	if (fstat(high, &st) || !S_ISSOCK(st.st_mode)) {
		fd_close(&end->fd);
		return false;
	}
	end->device = st.st_dev;
	end->inode = st.st_ino;
	return true;
}

static bool same(const struct end *end)
{
	struct stat st;
	return end->fd >= 0 && !fstat(end->fd, &st) && st.st_dev == end->device && st.st_ino == end->inode;
}

static void drop(struct end *end)
{
	if (same(end))
		close(end->fd);
	end->fd = -1;
}

/* A forked child asks aside only, and not for its parent: the session's way is to end with the shell. */
static void in_child(void)
{
	drop(&frames);
	for (; asides; asides = asides->next)
		drop(&asides->end);
}

bool channel_take(int frames_fd, int door_fd)
{
	if (!take(&frames, frames_fd) || !take(&door, door_fd))
		return false;
	way.fd = frames.fd;
	return !pthread_atfork(NULL, NULL, in_child);
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

bool channel_aside(struct aside *aside)
{
	int ends[2];
	*aside = (struct aside){.end = {.fd = -1}, .link = {.fd = -1}};
	if (!same(&door) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	bool passed = take(&aside->end, ends[0]) && fd_pass(door.fd, ends[1]);
	close(ends[1]);
	aside->link.fd = aside->end.fd;
	aside->next = asides;
	asides = aside;
	return passed;
}

struct aside *channel_asides(void)
{
	return asides;
}

void channel_aside_over(struct aside *aside, const struct buf *told)
{
	for (struct aside **at = &asides; *at; at = &(*at)->next)
		if (*at == aside) {
			*at = aside->next;
			break;
		}
	bool ours = same(&aside->end);
	if (ours && told)
		link_write(&aside->link, told);
	if (!ours)
		aside->link.fd = -1;
	link_close(&aside->link);
}
