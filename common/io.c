/* io.c: reading and writing that either succeeds whole or says why.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len) {
		ssize_t wrote = write(fd, at, len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		at += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

int read_all(int fd, size_t max, struct buf *out)
{
	size_t start = out->len;
	for (;;) {
		if (!buf_reserve(out, 4096)) {
			errno = ENOMEM;
			return -1;
		}
		size_t room = out->cap - out->len - 1;
		ssize_t got = read(fd, out->data + out->len, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		out->len += (size_t)got;
		out->data[out->len] = '\0';
		if (out->len - start > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

int read_file(const char *path, size_t max, struct buf *out)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return read_all(fd, max, out);
}

const char *read_regular(const char *path, size_t max, struct buf *out)
{
	struct stat about;
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &about))
		return strerror(errno);
	if (!S_ISREG(about.st_mode)) {
		errno = EINVAL;
		return "not a regular file";
	}
	if (read_all(fd, max, out))
		return errno == EFBIG ? "too large" : strerror(errno);
	return NULL;
}

int sync_folder(const char *path)
{
	struct buf folder BUF_AUTO = BUF_INIT;
	const char *slash = strrchr(path, '/');
	if (!slash)
		buf_adds(&folder, ".");
	else
		buf_add(&folder, path, slash == path ? 1 : (size_t)(slash - path));
	if (folder.failed) {
		errno = ENOMEM;
		return -1;
	}
	int fd FD_AUTO = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return fsync(fd);
}

int write_file_durable(const char *path, const void *bytes, size_t len, mode_t mode)
{
	struct buf temporary BUF_AUTO = BUF_INIT;
	/* A name of its own each time: one left by a crash must not stand in the way of the next. */
	buf_addf(&temporary, "%s.XXXXXX.tmp", path);
	if (temporary.failed) {
		errno = ENOMEM;
		return -1;
	}
	int fd FD_AUTO = mkostemps(temporary.data, 4, O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write_all(fd, bytes, len) || fchmod(fd, mode) || fsync(fd) || rename(temporary.data, path)) {
		int saved = errno;
		unlink(temporary.data);
		errno = saved;
		return -1;
	}
	return sync_folder(path);
}

void fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
