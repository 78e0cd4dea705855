/* token_systemd.c: credentials as systemd hands them to a service (LoadCredential=, systemd.exec(5)).
 *
 * The folder and its files are root's and read-only.  A service that runs as another user is let in by an
 * access list (acl(5)) where the file system has them: then the group bits are its mask, and look as if a
 * group could read.  So the list itself is read: its owner's entry, one for this account, and nothing for
 * anybody else.  Where there are no access lists, systemd gives folder and files to the account.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/io.h"
#include "common/token_file.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { GONE = -2, MAX_ENTRIES = 32 };

/* linux/posix_acl_xattr.h: little-endian. */
enum { LIST_VERSION = 2, USER_OBJ = 0x01, USER = 0x02, GROUP_OBJ = 0x04, MASK = 0x10, OTHER = 0x20 };
struct entry {
	uint16_t tag, perm;
	uint32_t id;
};
struct list {
	uint32_t version;
	struct entry entries[MAX_ENTRIES];
};

/* Does an access list give this account, and besides the owner nobody else, `perm` (4: read, 5: and search)?
 */
static bool only_ours(int fd, unsigned perm)
{
	struct list list;
	bool named = false;
	ssize_t size = fgetxattr(fd, "system.posix_acl_access", &list, sizeof list);
	if (size < (ssize_t)sizeof list.version || le32toh(list.version) != LIST_VERSION ||
	    ((size_t)size - sizeof list.version) % sizeof *list.entries)
		return false;
	size_t n = ((size_t)size - sizeof list.version) / sizeof *list.entries;
	for (size_t i = 0; i < n; i++) {
		unsigned gives = le16toh(list.entries[i].perm);
		switch (le16toh(list.entries[i].tag)) {
		case USER_OBJ:
			break;
		case USER:
			if (named || le32toh(list.entries[i].id) != geteuid() || gives != perm)
				return false;
			named = true;
			break;
		case MASK:
			if (gives != perm)
				return false;
			break;
		case GROUP_OBJ:
		case OTHER:
			if (gives)
				return false;
			break;
		default:
			return false;
		}
	}
	return named;
}

/* Has it the owner, and exactly the mode 0500 (perm 5) or 0400 (perm 4), or the same with the mask of such a
 * list? */
static bool is_laid_out(int fd, const struct stat *st, unsigned perm)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return false;
	mode_t mode = st->st_mode & ALLPERMS, alone = (mode_t)(perm << 6),
	       masked = (mode_t)(perm << 6 | perm << 3);
	return mode == alone || (mode == masked && only_ours(fd, perm));
}

static int open_in(int folder, const char *name, const char *path, char **error)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st)) {
		error_set(error, "%s: %s", path, errno == ELOOP ? "is a symbolic link" : strerror(errno));
		fd_close(&fd);
		return -1;
	}
	const char *why = !S_ISREG(st.st_mode)       ? "not a regular file"
			  : st.st_nlink > 1          ? "has more than one link"
			  : !is_laid_out(fd, &st, 4) ? "others than this account have access to it, unlike "
						       "systemd's credentials (mode 0400)"
			  : st.st_size > TOKEN_MAX   ? "larger than 4 KiB"
						     : NULL;
	if (!why && st.st_nlink == 1)
		return fd;
	close(fd);
	if (!why)
		return GONE;
	error_set(error, "%s: %s", path, why);
	return -1;
}

int token_systemd_open(const char *path, char **error)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash && slash != path ? strndup(path, (size_t)(slash - path)) : NULL;
	if (!folder) {
		error_set(error, "%s: not in a folder of systemd's credentials", path);
		return -1;
	}
	int fd FD_AUTO = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int result = -1;
	if (fd < 0 || fstat(fd, &st))
		error_set(error, "%s: %s", folder,
			  errno == ELOOP || errno == ENOTDIR ? "is no folder" : strerror(errno));
	else if (!is_laid_out(fd, &st, 5))
		error_set(error,
			  "%s: others than this account have access to it, unlike systemd's credentials "
			  "(mode 0500)",
			  folder);
	else
		result = open_in(fd, slash + 1, path, error);
	free(folder);
	return result;
}
