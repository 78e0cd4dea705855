/* newfile.c: a secret's new file; see newfile.h.
 *
 * Without --force the last step is link(2), which fails when something has the name by now; with it,
 * rename(2).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/whoctl.h"
#include "common/io.h"
#include "common/uuid.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int open_folder(const char *path)
{
	const char *last = last_part(path);
	char *folder = last == path       ? strdup(".")
		       : last == path + 1 ? strdup("/")
					  : strndup(path, (size_t)(last - path));
	if (!folder)
		return -1;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return fd;
}

static int no_file(const struct newfile *file)
{
	return complain(EXIT_FAILED, "%s: %s", file->path, strerror(errno));
}

/* Is the name free, or may what has it be replaced? */
static int check_place(struct newfile *file)
{
	struct stat st;
	if (fstatat(file->folder, last_part(file->path), &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : no_file(file);
	if (!file->force)
		return complain(EXIT_FAILED, "%s exists; --force replaces it", file->path);
	if (!S_ISREG(st.st_mode))
		return complain(EXIT_FAILED, "%s is not a regular file and is not replaced", file->path);
	/* Only where nobody else could have put it there for us to give a secret to. */
	struct stat folder;
	if (fstat(file->folder, &folder) != 0)
		return no_file(file);
	if (!(folder.st_mode & (S_IWGRP | S_IWOTH)) && (folder.st_uid == 0 || folder.st_uid == st.st_uid))
		file->owner = st.st_uid;
	return 0;
}

int newfile_begin(struct newfile *file, const char *path, bool force)
{
	char id[UUID_LEN + 1];
	struct buf name = BUF_INIT;
	*file = (struct newfile){.folder = -1, .fd = -1, .force = force, .mode = 0400};
	uuid_new(id);
	buf_addf(&name, ".whoctl-%s", id);
	file->path = strdup(path);
	file->temporary = buf_take(&name);
	if (!file->path || !file->temporary)
		return complain(EXIT_FAILED, "out of memory");
	if (!*last_part(path))
		return complain(EXIT_FAILED, "%s: not the name of a file", path);
	file->folder = open_folder(path);
	if (file->folder < 0)
		return no_file(file);
	int status = check_place(file);
	if (status != 0)
		return status;
	file->fd =
	    openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	return file->fd < 0 ? no_file(file) : 0;
}

int newfile_commit(struct newfile *file, const struct buf *content)
{
	const char *name = last_part(file->path);
	if (content->failed)
		return complain(EXIT_FAILED, "out of memory");
	/* Whose token file it was, that account (a broker's) must be able to read the new one. */
	if (geteuid() == 0 && file->owner != 0 && fchown(file->fd, file->owner, (gid_t)-1) != 0)
		return no_file(file);
	if (fchmod(file->fd, file->mode) != 0 || write_all(file->fd, content->data, content->len) != 0 ||
	    fsync(file->fd) != 0)
		return no_file(file);
	if (file->force && renameat(file->folder, file->temporary, file->folder, name) != 0)
		return no_file(file);
	if (!file->force && linkat(file->folder, file->temporary, file->folder, name, 0) != 0)
		return no_file(file);
	if (!file->force)
		unlinkat(file->folder, file->temporary, 0);
	fd_close(&file->fd);
	return fsync(file->folder) == 0 ? 0 : no_file(file);
}

void newfile_finish(struct newfile *file)
{
	if (file->fd >= 0)
		unlinkat(file->folder, file->temporary, 0);
	fd_close(&file->fd);
	fd_close(&file->folder);
	free(file->path);
	free(file->temporary);
}
