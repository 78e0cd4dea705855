/* state_lock.c: DIR/lock.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/state_lock.h"
#include "approver/whoshd/log_key.h"
#include "common/error.h"
#include "common/secure.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool state_lock(const char *dir, char **error)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(error, "%s: %s", path, strerror(errno));
	/* Never closed: the end of the process lets go. */
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return true;
	bool taken = errno == EWOULDBLOCK;
	close(fd);
	return taken ? error_set(error, "%s: another whoshd works on it", dir)
		     : error_set(error, "%s: %s", path, strerror(errno));
}

struct note_signer *state_take(struct serve_files *files, const char *dir, char **error)
{
	secure_process(false);
	umask(077);
	return serve_files_load(files, dir, error) && state_lock(files->dir, error)
		   ? log_key_load(files->dir, files->name, error)
		   : NULL;
}
