/* processes.c: the processes of this host, as /proc shows them at one moment.
 *
 * A pid alone names nobody: it may be another's by the time a signal is sent.  process_signal opens a pidfd
 * first and compares the start time after; when that is right, the pidfd can only be that process's.
 *
 * A main thread that has ended while others of its process go on is shown as a zombie too.  Such a process
 * is not dead: it has more than one thread.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/processes.h"
#include "common/io.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, as proc(5) counts them. */
enum { STATE = 3, PARENT = 4, SESSION = 6, THREADS = 20, START = 22 };

static bool parse(char *text, struct process *process)
{
	/* The name may hold anything, blanks and parentheses included; what follows it is numbers. */
	char *at = strrchr(text, ')');
	unsigned long long field[START + 1] = {0};
	if (!at || at[1] != ' ' || !at[2])
		return false;
	char state = at[2];
	at += 3;
	for (int i = STATE + 1; i <= START; i++) {
		char *end;
		field[i] = strtoull(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	process->parent = (pid_t)field[PARENT];
	process->session = (pid_t)field[SESSION];
	process->start = field[START];
	process->stopped = state == 'T' || state == 't';
	process->dead = (state == 'Z' && field[THREADS] <= 1) || state == 'X' || state == 'x';
	process->up = NO_PROCESS;
	return true;
}

static bool read_one(int folder, pid_t pid, const char *file, char *text, size_t size)
{
	char path[48];
	snprintf(path, sizeof path, "%d/%s", pid, file);
	int fd FD_AUTO = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, size - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

static bool read_stat(int folder, pid_t pid, struct process *process)
{
	char text[1024];
	process->pid = pid;
	return read_one(folder, pid, "stat", text, sizeof text) && parse(text, process);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;
	return (x > y) - (x < y);
}

static bool add(struct processes *all, int folder, pid_t pid)
{
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 512;
		struct process *at = realloc(all->at, cap * sizeof *at);
		if (!at)
			return false;
		all->at = at;
		all->cap = cap;
	}
	if (read_stat(folder, pid, &all->at[all->n]))
		all->n++;
	else
		all->vanished = true;
	return true;
}

bool processes_read(struct processes *all)
{
	DIR *folder = opendir("/proc");
	if (!folder)
		return false;
	bool good = true;
	all->n = 0;
	all->vanished = false;
	all->hunted = 0;
	for (const struct dirent *entry; good && (entry = readdir(folder));) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);
		if (!*end && pid > 0 && entry->d_name[0] != '0')
			good = add(all, dirfd(folder), (pid_t)pid);
	}
	closedir(folder);
	if (!good) {
		errno = ENOMEM;
		return false;
	}
	if (all->n)
		qsort(all->at, all->n, sizeof *all->at, by_pid);
	for (size_t i = 0; i < all->n; i++)
		all->at[i].up = processes_find(all, all->at[i].parent);
	return true;
}

void processes_finish(struct processes *all)
{
	free(all->at);
	*all = (struct processes){0};
}

size_t processes_find(const struct processes *all, pid_t pid)
{
	size_t low = 0, high = all->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all->at[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->n && all->at[low].pid == pid ? low : NO_PROCESS;
}

bool process_read(pid_t pid, struct process *process)
{
	int folder FD_AUTO = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder >= 0 && pid > 0 && read_stat(folder, pid, process);
}

bool process_user(pid_t pid, uid_t *uid)
{
	char text[2048];
	int folder FD_AUTO = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || pid <= 0 || !read_one(folder, pid, "status", text, sizeof text))
		return false;
	/* A line break in the name is shown as "\n": the first line that begins so is the kernel's. */
	const char *line = strstr(text, "\nUid:\t");
	unsigned real, effective;
	if (!line || sscanf(line + 1, "Uid:\t%u\t%u", &real, &effective) != 2)
		return false;
	*uid = effective;
	return true;
}

int process_signal(pid_t pid, uint64_t start, const int *signals)
{
	struct process now;
	int fd FD_AUTO = pidfd_open(pid, 0);
	if (fd < 0 || !process_read(pid, &now) || now.start != start)
		return ESRCH;
	for (; *signals; signals++)
		if (pidfd_send_signal(fd, *signals, NULL, 0) < 0)
			return errno == EPERM ? EPERM : ESRCH;
	return 0;
}
