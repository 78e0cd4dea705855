/* token_file.c: the ways to a token file; see token_file.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/token_file.h"
#include "common/error.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 200, GONE = -2, READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

static bool is_ours(gid_t group)
{
	gid_t groups[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, groups);
	if (group == getegid())
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Why this open file may not hold a credential; NULL if it may. */
static const char *unsafe(const struct stat *st, bool projected)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_nlink != 1)
		return "has more than one link";
	if (!is_trusted(st->st_uid))
		return "owned by neither this account nor root";
	bool by_group =
	    projected && st->st_uid == 0 && (st->st_mode & S_IRWXG) == S_IRGRP && is_ours(st->st_gid);
	if ((st->st_mode & S_IRWXO) || ((st->st_mode & S_IRWXG) && !by_group))
		return "group or others have access to it (chmod 400)";
	if (st->st_size > TOKEN_MAX)
		return "larger than 4 KiB";
	return NULL;
}

/* The descriptor, when what it is open on may hold a credential. */
static int checked(int fd, const char *path, bool projected, char **error)
{
	struct stat st;
	const char *why = fstat(fd, &st) ? strerror(errno) : NULL;
	if (!why && st.st_nlink == 0) {
		close(fd);
		return GONE;
	}
	if (!why)
		why = unsafe(&st, projected);
	if (!why)
		return fd;
	close(fd);
	error_set(error, "%s: %s", path, why);
	return -1;
}

/* What a link says, when it is a link of root's or this account's; NULL with errno, which is ELOOP when it is
 * something else. */
static const char *read_link(int folder, const char *name, char text[NAME_MAX + 16])
{
	int fd FD_AUTO = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return NULL;
	ssize_t len =
	    S_ISLNK(st.st_mode) && is_trusted(st.st_uid) ? readlinkat(fd, "", text, NAME_MAX + 15) : -1;
	if (len <= 0 || len == NAME_MAX + 15) {
		errno = ELOOP;
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* The file that NAME in the folder leads to, by exactly the links of a projected volume; -1 with errno. */
static int open_projected(int folder, const char *name)
{
	char text[NAME_MAX + 16];
	const char *target = read_link(folder, name, text);
	if (!target)
		return -1;
	errno = ELOOP;
	if (strncmp(target, "..data/", 7) || strcmp(target + 7, name))
		return -1;
	const char *version = read_link(folder, "..data", text);
	if (!version)
		return -1;
	errno = ELOOP;
	if (strncmp(version, "..", 2) || !version[2] || strchr(version, '/') || !strcmp(version, "..data"))
		return -1;
	int inside FD_AUTO = openat(folder, version, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (inside < 0 || fstat(inside, &st))
		return -1;
	if (!is_trusted(st.st_uid)) {
		errno = ELOOP;
		return -1;
	}
	return openat(inside, name, READING);
}

/* The path is a symbolic link. */
static int follow(const char *path, char **error)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *folder_path = !slash          ? strdup(".")
			    : slash == path ? strdup("/")
					    : strndup(path, (size_t)(slash - path));
	if (!folder_path) {
		error_set(error, "out of memory");
		return -1;
	}
	int folder FD_AUTO = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder_path);
	int fd = folder < 0 ? -1 : open_projected(folder, name);
	if (fd >= 0)
		return checked(fd, path, true, error);
	if (errno == ENOENT)
		return GONE;
	error_set(error, "%s: %s", path,
		  errno == ELOOP || errno == ENOTDIR ? "is a symbolic link" : strerror(errno));
	return -1;
}

static int open_once(const char *path, enum token_place *place, char **error)
{
	if (*place == TOKEN_SYSTEMD)
		return token_systemd_open(path, error);
	*place = TOKEN_FILE;
	int fd = open(path, READING);
	if (fd >= 0)
		return checked(fd, path, false, error);
	if (errno == ELOOP) {
		*place = TOKEN_PROJECTED;
		return follow(path, error);
	}
	error_set(error, "%s: %s", path, strerror(errno));
	return -1;
}

int token_file_open(const char *path, enum token_place *place, char **error)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = open_once(path, place, error);
		if (fd != GONE)
			return fd;
	}
	error_set(error, "%s: what it leads to is not there", path);
	return -1;
}

int token_file_stat(const char *path, struct stat *st)
{
	/* A link may be swapped, and what it led to removed, between two steps of the kernel's. */
	for (int i = 0; i < TRIES; i++)
		if (!stat(path, st))
			return 0;
		else if (errno != ENOENT || lstat(path, st))
			return -1;
	errno = ENOENT;
	return -1;
}
