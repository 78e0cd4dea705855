/* processes.h: the processes of this host, as /proc shows them at one moment.
 *
 * A snapshot is taken once and serves many questions.  It is not atomic: a process that is born or dies while
 * it is taken may be missing, so who acts on one looks again.  Libc only: the gate links it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_PROCESSES_H
#define WHOSH_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NO_PROCESS ((size_t)-1)

struct process {
	pid_t pid, parent, session;
	uint64_t start; /* in clock ticks since boot: with the pid it names a process for good */
	size_t up;      /* where its parent is in the snapshot, or NO_PROCESS */
	bool dead;      /* only its status is left */
	bool stopped;
};

struct processes {
	struct process *at; /* by ascending pid */
	size_t n, cap;
	bool vanished;  /* somebody was listed and had gone when it was to be read */
	int64_t hunted; /* ms that were spent since on those (hunt.h) */
};

/* Take a snapshot in place of the one before.  false with errno. */
bool processes_read(struct processes *all);
void processes_finish(struct processes *all);
/* Where the process with that pid is; NO_PROCESS when it is not there. */
size_t processes_find(const struct processes *all, pid_t pid);

/* One process (`up` is not set); false when there is none that can be seen. */
bool process_read(pid_t pid, struct process *process);
/* The effective user of a process; false when there is none that can be seen. */
bool process_user(pid_t pid, uid_t *uid);
/* Send signals (0 ends the list) to exactly this process.  0, ESRCH when it has gone, or EPERM. */
int process_signal(pid_t pid, uint64_t start, const int *signals);

#endif
