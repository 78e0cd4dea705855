/* tree.h: everything that a whosh started, and its end.
 *
 * A tree is what is below one whosh: its children, theirs, and so on.  whosh is made their subreaper
 * (PR_SET_CHILD_SUBREAPER), so that what is daemonised stays below it for as long as it lives.  What was seen
 * below it once belongs to the tree for good, and so do its children; and so does every session that was
 * begun in the tree and holds nobody else.  whosh itself is not part of it.
 *
 * The tree of one line of a session is less: the session's shell and what other lines started are below the
 * same whosh.  It is what the line had left when it was first looked at, and grows from that alone.
 *
 * Libc only: the gate links it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TREE_H
#define WHOSH_TREE_H

#include "common/processes.h"

struct tree_member {
	pid_t pid, session;
	uint64_t start;
	bool stopped, asked; /* asked: it was sent SIGTERM */
};

struct tree {
	pid_t root, session; /* whosh, and its session */
	uint64_t start;      /* whosh's */
	struct tree_member *known;
	size_t n; /* how many of it lived at the last look */
	pid_t *sessions;
	size_t n_sessions;
	int64_t begun, frozen; /* the end began; stopping them all began (clock_mono_ms, 0: not yet) */
	unsigned empty;        /* looks in a row that found nothing */
	bool corpses;          /* somebody of it was dead at the last look, and not reaped yet */
	bool refused;          /* somebody may not be sent signals by us */
	bool line;             /* of one line of a session: not all that is below the root */
};

/* The tree below the process `root`; false when there is no such process. */
bool tree_init(struct tree *tree, pid_t root);
void tree_finish(struct tree *tree);

/* What of it lives, by this snapshot; the number is in tree->n.  false: out of memory. */
bool tree_look(struct tree *tree, const struct processes *all);

/* Make it that of one line of a session, which has just ended: what is below the root by this snapshot, but
 * for the session's shell (pid 0: it has gone).  Then take from it what an earlier line had left, by the same
 * snapshot.  false: out of memory, and nothing is changed. */
bool tree_of_line(struct tree *tree, const struct processes *all, pid_t shell, uint64_t shell_start);
void tree_subtract(struct tree *tree, const struct tree *earlier);

/* Its end, one step after the other: SIGTERM (and SIGCONT, for what is stopped) to all; after TREE_TERM_MS
 * all are stopped, so that nobody can multiply, and killed, again and again until nothing is left.  Returns
 * the milliseconds until the next step, which wants a new snapshot; -1: nothing is left. */
enum { TREE_TERM_MS = 500 };
int tree_end(struct tree *tree, struct processes *all, int64_t now);

#endif
