/* reserve.c: room that is kept for the tables.
 *
 * A group that is in the log has happened, and people look for it in the tables.  On a full disk the log's
 * blocks may be there already and the tables' not.  So a file of RESERVE bytes is kept beside the database;
 * when the tables cannot follow the log it is given up for them, and until there is room for it again no
 * group is begun.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESERVE = 512 << 10 };

static void path_of(const struct store *store, char path[4200])
{
	snprintf(path, 4200, "%s.reserve", store->path);
}

int reserve_make(struct store *store)
{
	static const char zeros[1 << 14];
	char path[4200];
	struct stat st;
	if (store->reserved)
		return 0;
	path_of(store, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int failed = fd < 0 || fstat(fd, &st) ? -1 : 0;
	for (off_t at = failed ? RESERVE : st.st_size; !failed && at < RESERVE; at += (off_t)sizeof zeros)
		failed = pwrite(fd, zeros, sizeof zeros, at) == (ssize_t)sizeof zeros ? 0 : -1;
	int saved = errno ? errno : ENOSPC;
	if (fd >= 0)
		close(fd);
	if (failed) {
		unlink(path);
		errno = saved;
		return -1;
	}
	store->reserved = true;
	return 0;
}

bool reserve_give_up(struct store *store)
{
	char path[4200];
	path_of(store, path);
	bool had = store->reserved;
	store->reserved = false;
	return had && !unlink(path);
}
