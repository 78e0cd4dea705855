/* powerloss.h: a disk that forgets: what a program writes is recorded, and can be lost.
 *
 * A program that includes this has its own open, pwrite, write, fdatasync, fsync, syncfs, rename, unlink,
 * unlinkat, ftruncate and mkostemps, which SQLite calls as well.  Under disk_root each that changes something
 * is a step with a number.  disk_after() makes a folder as a power loss after step k may have left it: all
 * that was synced is there; of the rest nothing, all, a part, a part of a write, or names without what was
 * written.  Names outlast in the order in which they were made within a folder, as on a file system with a
 * journal.  A write whose sync failed may be there or not for ever after.
 *
 * disk_fail makes one step fail; with disk_dead all from there on do, which is how a killed program ends:
 * what it wrote before is in its files, and no more.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TESTS_POWERLOSS_H
#define WHOSH_TESTS_POWERLOSS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum disk_what {
	DISK_WRITE,
	DISK_CUT,
	DISK_NAME,
	DISK_GONE,
	DISK_RENAME,
	DISK_SYNC,
	DISK_SYNC_FAILED,
	DISK_SYNC_ALL
};
enum { DISK_FILES = 4096, DISK_FDS = 256 };
enum disk_loss { LOSE_ALL, LOSE_NOTHING, LOSE_DATA, LOSE_SOME, LOSE_KINDS };

struct disk_step {
	enum disk_what what;
	int file; /* its number; of a rename, the new name's */
	int64_t at;
	size_t len;
	char *bytes;
	char *name, *to;    /* below the root */
	bool synced, limbo; /* filled in when a folder is made */
};

static char disk_root[200];
static struct disk_step *disk_steps;
static int disk_n, disk_room, disk_files;
static struct {
	char *name; /* NULL: free */
	int file;
} disk_names[DISK_FILES];
static int disk_fds[DISK_FDS];               /* the file behind a descriptor, + 1 */
static int disk_fail = -1, disk_errno = EIO; /* the step that fails */
static bool disk_dead;

static void disk_begin(const char *root)
{
	snprintf(disk_root, sizeof disk_root, "%s", root);
	for (int i = 0; i < disk_n; i++) {
		free(disk_steps[i].bytes);
		free(disk_steps[i].name);
		free(disk_steps[i].to);
	}
	for (int i = 0; i < DISK_FILES; i++) {
		free(disk_names[i].name);
		disk_names[i].name = NULL;
	}
	memset(disk_fds, 0, sizeof disk_fds);
	disk_n = disk_files = 0;
	disk_fail = -1;
	disk_dead = false;
}

static const char *disk_below(const char *path)
{
	size_t len = strlen(disk_root);
	return len && !strncmp(path, disk_root, len) && path[len] == '/' && !strstr(path, "-shm")
		   ? path + len + 1
		   : NULL;
}

/* Shall the next step fail? */
static bool disk_refuses(void)
{
	bool refused = disk_fail >= 0 && (disk_dead ? disk_n >= disk_fail : disk_n == disk_fail);
	if (refused && !disk_dead)
		disk_fail = -1;
	if (refused)
		errno = disk_errno;
	return refused;
}

static struct disk_step *disk_step(enum disk_what what, int file)
{
	if (disk_n == disk_room) {
		disk_room = disk_room ? 2 * disk_room : 1024;
		disk_steps = realloc(disk_steps, (size_t)disk_room * sizeof *disk_steps);
		if (!disk_steps)
			abort();
	}
	disk_steps[disk_n] = (struct disk_step){.what = what, .file = file};
	return &disk_steps[disk_n++];
}

static int disk_slot(const char *name)
{
	int unused = -1;
	for (int i = 0; i < DISK_FILES; i++)
		if (!disk_names[i].name)
			unused = unused < 0 ? i : unused;
		else if (!strcmp(disk_names[i].name, name))
			return i;
	if (unused < 0)
		abort();
	return unused;
}

static void disk_wrote(int file, int64_t at, const void *bytes, size_t len)
{
	struct disk_step *step = disk_step(DISK_WRITE, file);
	step->at = at;
	step->len = len;
	step->bytes = malloc(len + 1);
	memcpy(step->bytes, bytes, len);
}

static int disk_open(const char *path, int flags, mode_t mode)
{
	const char *below = disk_below(path);
	struct stat st;
	bool is_new = below && (flags & O_CREAT) && syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0) != 0;
	if (is_new && disk_refuses())
		return -1;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd < 0 || fd >= DISK_FDS)
		return fd;
	disk_fds[fd] = 0;
	if (!below || syscall(SYS_fstat, fd, &st))
		return fd;
	int slot = disk_slot(below);
	if (!disk_names[slot].name) { /* a folder, too, has a number */
		disk_names[slot].name = strdup(below);
		disk_names[slot].file = ++disk_files;
		if (is_new)
			disk_step(DISK_NAME, disk_files)->name = strdup(below);
	}
	disk_fds[fd] = disk_names[slot].file + 1;
	if ((flags & O_TRUNC) && !is_new)
		disk_step(DISK_CUT, disk_names[slot].file);
	return fd;
}

static int disk_file(int fd)
{
	return fd >= 0 && fd < DISK_FDS ? disk_fds[fd] - 1 : -1;
}

int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
#define DISK_OPEN(name)                                                                                      \
	int name(const char *path, int flags, ...)                                                           \
	{                                                                                                    \
		va_list args;                                                                                \
		va_start(args, flags);                                                                       \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                      \
		va_end(args);                                                                                \
		return disk_open(path, flags, mode);                                                         \
	}
DISK_OPEN(open)
DISK_OPEN(open64)

int mkostemps(char *template, int suffix, int flags)
{
	static int n;
	size_t len = strlen(template);
	char number[16];
	snprintf(number, sizeof number, "%06d", n++);
	memcpy(template + len - (size_t)suffix - 6, number, 6);
	return disk_open(template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

int close(int fd)
{
	if (fd >= 0 && fd < DISK_FDS)
		disk_fds[fd] = 0;
	return (int)syscall(SYS_close, fd);
}

static ssize_t disk_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	int file = disk_file(fd);
	if (file < 0)
		return syscall(SYS_pwrite64, fd, bytes, len, at);
	if (disk_refuses()) {
		/* On its way some of it was written. */
		if (!disk_dead && len > 1 && syscall(SYS_pwrite64, fd, bytes, len / 2, at) > 0)
			disk_wrote(file, at, bytes, len / 2);
		errno = disk_errno;
		return -1;
	}
	ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, at);
	if (n > 0)
		disk_wrote(file, at, bytes, (size_t)n);
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return disk_pwrite(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return disk_pwrite(fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	if (disk_file(fd) < 0)
		return syscall(SYS_write, fd, bytes, len);
	off_t at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	ssize_t n = disk_pwrite(fd, bytes, len, at);
	if (n > 0)
		syscall(SYS_lseek, fd, at + n, SEEK_SET);
	return n;
}

static int disk_truncate(int fd, off_t len)
{
	int file = disk_file(fd);
	if (file >= 0 && disk_refuses())
		return -1;
	int result = (int)syscall(SYS_ftruncate, fd, len);
	if (!result && file >= 0)
		disk_step(DISK_CUT, file)->at = len;
	return result;
}

int ftruncate(int fd, off_t len)
{
	return disk_truncate(fd, len);
}

int ftruncate64(int fd, off_t len)
{
	return disk_truncate(fd, len);
}

static int disk_sync(int fd, enum disk_what what)
{
	int file = disk_file(fd);
	if (file < 0)
		return 0; /* nobody loses power while the tests run */
	if (disk_refuses()) {
		if (!disk_dead)
			disk_step(DISK_SYNC_FAILED, what == DISK_SYNC_ALL ? -1 : file);
		errno = disk_errno;
		return -1;
	}
	disk_step(what, file);
	return 0;
}

int fdatasync(int fd)
{
	return disk_sync(fd, DISK_SYNC);
}

int fsync(int fd)
{
	return disk_sync(fd, DISK_SYNC);
}

int syncfs(int fd)
{
	return disk_sync(fd, DISK_SYNC_ALL);
}

int rename(const char *from, const char *to)
{
	const char *a = disk_below(from), *b = disk_below(to);
	if (a && b && disk_refuses())
		return -1;
	int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
	if (result || !a || !b)
		return result;
	int old = disk_slot(a), file = disk_names[old].file;
	free(disk_names[old].name);
	disk_names[old].name = NULL;
	int slot = disk_slot(b);
	if (!disk_names[slot].name)
		disk_names[slot].name = strdup(b);
	disk_names[slot].file = file;
	struct disk_step *step = disk_step(DISK_RENAME, file);
	step->name = strdup(a);
	step->to = strdup(b);
	return 0;
}

static void disk_gone(const char *below)
{
	int slot = disk_slot(below);
	free(disk_names[slot].name);
	disk_names[slot].name = NULL;
	disk_step(DISK_GONE, 0)->name = strdup(below);
}

int unlinkat(int folder, const char *name, int flags)
{
	char path[600], link[40];
	if (folder == AT_FDCWD || *name == '/') {
		snprintf(path, sizeof path, "%s", name);
	} else {
		snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
		ssize_t n = readlink(link, path, 300);
		snprintf(path + (n > 0 ? n : 0), 290, "/%s", name);
	}
	const char *below = flags ? NULL : disk_below(path);
	if (below && disk_refuses())
		return -1;
	int result = (int)syscall(SYS_unlinkat, folder, name, flags);
	if (!result && below)
		disk_gone(below);
	return result;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

/* ── after the loss ────────────────────────────────────────────────────────────────────────────────────── */

static uint64_t disk_random = 88172645463325252u;
static unsigned disk_chance(unsigned of)
{
	disk_random ^= disk_random << 13;
	disk_random ^= disk_random >> 7;
	disk_random ^= disk_random << 17;
	return (unsigned)(disk_random >> 20) % of;
}

static size_t disk_folder_len(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? (size_t)(slash - name) : 0;
}

/* The number that a folder has, at step k; 0: none that anybody opened. */
static bool disk_is_folder(int file, const char *name, const int *folders, char *const *folder_names, int n)
{
	for (int i = 0; i < n; i++)
		if (folders[i] == file && strlen(folder_names[i]) == disk_folder_len(name) &&
		    !strncmp(folder_names[i], name, disk_folder_len(name)))
			return true;
	return false;
}

/* What of the first k steps is on disk for certain. */
static void disk_mark(int k)
{
	int folders[64], n = 0;
	char *names[64];
	for (int i = 0; i < DISK_FILES && n < 64; i++)
		if (disk_names[i].name) {
			struct stat st;
			char path[600];
			snprintf(path, sizeof path, "%s/%s", disk_root, disk_names[i].name);
			if (!syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0) && S_ISDIR(st.st_mode)) {
				folders[n] = disk_names[i].file;
				names[n++] = disk_names[i].name;
			}
		}
	for (int i = 0; i < k; i++)
		disk_steps[i].synced = disk_steps[i].limbo = false;
	for (int i = 0; i < k; i++) {
		enum disk_what what = disk_steps[i].what;
		for (int j = 0; what >= DISK_SYNC && j < i; j++) {
			struct disk_step *step = &disk_steps[j];
			bool is_name =
			    step->what == DISK_NAME || step->what == DISK_RENAME || step->what == DISK_GONE;
			bool meant =
			    what == DISK_SYNC_ALL || disk_steps[i].file == -1 ||
			    (is_name ? disk_is_folder(disk_steps[i].file,
						      step->what == DISK_RENAME ? step->to : step->name,
						      folders, names, n)
				     : step->file == disk_steps[i].file);
			if (step->what >= DISK_SYNC || !meant || step->synced)
				continue;
			if (what == DISK_SYNC_FAILED)
				step->limbo = step->limbo || !is_name;
			else
				step->synced = !step->limbo;
		}
	}
}

static void disk_make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

/* Write what survived of a file. */
static void disk_put(const char *folder, const char *name, int file, int k, enum disk_loss loss)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	disk_make_folders(path);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < k; i++) {
		const struct disk_step *step = &disk_steps[i];
		if (step->file != file || (step->what != DISK_WRITE && step->what != DISK_CUT))
			continue;
		bool kept = step->synced || loss == LOSE_NOTHING || (loss == LOSE_SOME && disk_chance(2));
		if (step->what == DISK_CUT) {
			if (kept)
				syscall(SYS_ftruncate, fd, step->at);
			continue;
		}
		size_t len = kept ? step->len : 0, from = 0;
		if (!kept && loss == LOSE_SOME && disk_chance(2)) { /* torn */
			from = disk_chance((unsigned)step->len);
			len = disk_chance((unsigned)(step->len - from) + 1);
		}
		if (len)
			syscall(SYS_pwrite64, fd, step->bytes + from, len, step->at + (int64_t)from);
	}
	syscall(SYS_close, fd);
}

/* Make `folder`, which is not there yet, as it may be after step k. */
static void disk_after(int k, enum disk_loss loss, const char *folder)
{
	static struct {
		const char *name;
		int file;
	} names[DISK_FILES];
	int n = 0;
	/* Of names that were not synced: up to which step they have outlasted, the same in all folders or
	 * not. */
	int until = loss == LOSE_ALL ? 0 : loss == LOSE_SOME ? (int)disk_chance((unsigned)k + 1) : k;
	mkdir(folder, 0700);
	disk_mark(k);
	/* The journal of a file system keeps order: before what is kept, all is. */
	for (int i = 0; i < k; i++)
		if (disk_steps[i].synced && disk_steps[i].what >= DISK_NAME &&
		    disk_steps[i].what <= DISK_RENAME)
			until = until > i + 1 ? until : i + 1;
	for (int i = 0; i < until; i++) {
		const struct disk_step *step = &disk_steps[i];
		int at = 0;
		const char *gone = step->what == DISK_RENAME || step->what == DISK_GONE ? step->name : NULL;
		while (gone && at < n && strcmp(names[at].name, gone) != 0)
			at++;
		if (gone && at < n)
			names[at] = names[--n];
		const char *made = step->what == DISK_NAME     ? step->name
				   : step->what == DISK_RENAME ? step->to
							       : NULL;
		for (at = 0; made && at < n && strcmp(names[at].name, made) != 0;)
			at++;
		if (!made)
			continue;
		names[at].name = made;
		names[at].file = step->file;
		n += at == n;
	}
	for (int i = 0; i < n; i++)
		disk_put(folder, names[i].name, names[i].file, k, loss);
}

#endif
