/* hunt.c: those of a tree that are gone whenever one looks.
 *
 * A process that does nothing but fork and exit has another pid every tenth of a millisecond.  A snapshot
 * lists it, and finds nobody, or a dead one, when it comes to read: who is such is hunted here.
 * Each pid is handed out after the one before, and /proc/loadavg says which was the last: the quarry is one
 * of the few around that one, and to look at those takes less time than it needs for its next step.  One that
 * sits still for longer is found by the snapshots.
 *
 * Whoever it is that is found must belong to the tree as in tree.c: by its parent or its parent's, while the
 * root lives, or by its session; to that of one line of a session by its parent or its session.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/hunt.h"
#include "common/clock.h"
#include "common/io.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AROUND = 5, QUIET = 12 /* looks in a row that find nobody */ };

/* The pid that was handed out last, 0 when that is not known. */
static pid_t newest(int loadavg)
{
	char text[128];
	ssize_t len = pread(loadavg, text, sizeof text - 1, 0);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	const char *last = strrchr(text, ' ');
	return last ? (pid_t)strtol(last + 1, NULL, 10) : 0;
}

static bool is_root(const struct tree *tree, pid_t pid)
{
	struct process root;
	return pid == tree->root && process_read(pid, &root) && root.start == tree->start && !root.dead;
}

static bool is_ours(const struct tree *tree, const struct process *process)
{
	struct process parent;
	if (process->pid == tree->root || process->pid == getpid())
		return false;
	for (size_t i = 0; i < tree->n_sessions; i++)
		if (tree->sessions[i] == process->session)
			return true;
	for (size_t i = 0; tree->line && i < tree->n; i++)
		if (tree->known[i].pid == process->parent)
			return process_read(process->parent, &parent) && parent.start == tree->known[i].start;
	if (tree->line)
		return false;
	if (process->parent == tree->root)
		return is_root(tree, process->parent);
	return process_read(process->parent, &parent) && is_root(tree, parent.parent);
}

bool tree_hunt(const struct tree *tree, const int *signals, int64_t ms)
{
	int loadavg FD_AUTO = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	int64_t began = clock_mono_ms();
	bool found = false;
	for (int quiet = 0; loadavg >= 0 && quiet < QUIET && clock_mono_ms() - began < ms; quiet++) {
		pid_t last = newest(loadavg);
		for (pid_t pid = last + AROUND; pid >= last - AROUND; pid--) {
			struct process process;
			if (pid <= 1 || !process_read(pid, &process) || process.dead ||
			    !is_ours(tree, &process))
				continue;
			found = true;
			quiet = 0;
			process_signal(pid, process.start, signals);
		}
	}
	return found;
}
