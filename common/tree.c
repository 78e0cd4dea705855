/* tree.c: everything that a whosh started, and its end.
 *
 * Who belongs to it.  By parents: whoever has the root, or somebody known already, above it.  That is
 * complete while the root lives, since orphans are given to it.  When it has gone, the orphan of somebody
 * known who dies between two looks is nobody's.  It still has its session: one that was begun below the root
 * (not the root's own, which it shares with its caller) holds only processes that descend from it, and nobody
 * can join it from outside.  Whether it was begun below the root is seen by there being nobody else in it at
 * a time when the root lives; a session whose number has a new leader is another session.
 *
 * How it ends.  A process that is stopped cannot fork, so in the second part all are stopped before the first
 * is killed: children of a killed process would otherwise be away before the next look.  While some are not
 * stopped yet it looks again at once, for FREEZE_MS at most (somebody may be in the middle of a disk access,
 * or be traced), then it kills in any case.  A snapshot in which nobody is left must be confirmed by another:
 * one is not atomic, and somebody may have been given to the root while it was taken; and when somebody has
 * vanished or died while it was taken, that may be one who only forks and exits, who is hunted (hunt.c).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tree.h"
#include "common/clock.h"
#include "common/hunt.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FREEZE_MS = 150, ASK_AGAIN_MS = 20, AT_ONCE_MS = 1, HUNT_MS = 4, HUNTS_MS = 50 };
/* How many snapshots in a row must show nobody. */
enum { SURE = 2, SURE_IN_DOUBT = 10 };
enum { UNDECIDED, INSIDE, OUTSIDE, ROOT };

static const int ask[] = {SIGTERM, SIGCONT, 0}, freeze[] = {SIGSTOP, 0}, end[] = {SIGKILL, 0};

bool tree_init(struct tree *tree, pid_t root)
{
	struct process process;
	*tree = (struct tree){0};
	if (!process_read(root, &process) || process.dead)
		return false;
	tree->root = root;
	tree->session = process.session;
	tree->start = process.start;
	return true;
}

void tree_finish(struct tree *tree)
{
	free(tree->known);
	free(tree->sessions);
	tree->known = NULL;
	tree->sessions = NULL;
	tree->n = tree->n_sessions = 0;
}

static bool has_session(const struct tree *tree, pid_t session)
{
	for (size_t i = 0; i < tree->n_sessions; i++)
		if (tree->sessions[i] == session)
			return true;
	return false;
}

static bool is_known(const struct tree *tree, const struct process *process)
{
	for (size_t i = 0; i < tree->n; i++)
		if (tree->known[i].pid == process->pid)
			return tree->known[i].start == process->start;
	return false;
}

/* Strike the sessions that hold nobody any more, and those whose number a new leader has. */
static void check_sessions(struct tree *tree, const struct processes *all)
{
	size_t kept = 0;
	for (size_t i = 0; i < tree->n_sessions; i++) {
		pid_t session = tree->sessions[i];
		size_t leader = processes_find(all, session);
		bool good = leader == NO_PROCESS || is_known(tree, &all->at[leader]), used = false;
		for (size_t k = 0; good && !used && k < all->n; k++)
			used = all->at[k].session == session;
		if (good && used)
			tree->sessions[kept++] = session;
	}
	tree->n_sessions = kept;
}

/* Nearly every process is decided by its parent's mark; each is walked over once. */
static void mark_all(const struct tree *tree, const struct processes *all, unsigned char *mark)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct process *process = &all->at[i];
		if (!tree->line && process->pid == tree->root && process->start == tree->start)
			mark[i] = ROOT;
		else if (tree->n_sessions && has_session(tree, process->session))
			mark[i] = INSIDE;
	}
	for (size_t i = 0; i < tree->n; i++) {
		size_t at = processes_find(all, tree->known[i].pid);
		if (at != NO_PROCESS && all->at[at].start == tree->known[i].start)
			mark[at] = INSIDE;
	}
	for (size_t i = 0; i < all->n; i++) {
		size_t at = i, steps = 0;
		while (at != NO_PROCESS && mark[at] == UNDECIDED && steps++ <= all->n)
			at = all->at[at].up;
		unsigned char found =
		    at != NO_PROCESS && (mark[at] == INSIDE || mark[at] == ROOT) ? INSIDE : OUTSIDE;
		for (at = i; at != NO_PROCESS && mark[at] == UNDECIDED; at = all->at[at].up)
			mark[at] = found;
	}
}

/* Take in the sessions that were begun below a root that lives. */
static bool adopt_sessions(struct tree *tree, const struct processes *all, const unsigned char *mark)
{
	for (size_t i = 0; i < all->n; i++) {
		pid_t session = all->at[i].session;
		if (mark[i] != INSIDE || session <= 0 || session == tree->session ||
		    has_session(tree, session))
			continue;
		bool ours = true;
		for (size_t k = 0; ours && k < all->n; k++)
			ours = all->at[k].session != session || mark[k] == INSIDE;
		if (!ours)
			continue;
		pid_t *sessions = realloc(tree->sessions, (tree->n_sessions + 1) * sizeof *sessions);
		if (!sessions)
			return false;
		tree->sessions = sessions;
		sessions[tree->n_sessions++] = session;
	}
	return true;
}

static bool keep(struct tree *tree, const struct processes *all, const unsigned char *mark)
{
	size_t count = 0, before = 0, n = 0;
	tree->corpses = false;
	for (size_t i = 0; i < all->n; i++) {
		count += mark[i] == INSIDE && !all->at[i].dead;
		tree->corpses = tree->corpses || (mark[i] == INSIDE && all->at[i].dead);
	}
	struct tree_member *known = calloc(count + 1, sizeof *known);
	if (!known)
		return false;
	for (size_t i = 0; i < all->n; i++) {
		const struct process *process = &all->at[i];
		if (mark[i] != INSIDE || process->dead || process->pid == getpid())
			continue;
		/* Both are in the order of their pids. */
		while (before < tree->n && tree->known[before].pid < process->pid)
			before++;
		bool same = before < tree->n && tree->known[before].pid == process->pid &&
			    tree->known[before].start == process->start;
		known[n++] = (struct tree_member){.pid = process->pid,
						  .session = process->session,
						  .start = process->start,
						  .stopped = process->stopped,
						  .asked = same && tree->known[before].asked};
	}
	free(tree->known);
	tree->known = known;
	tree->n = n;
	return true;
}

bool tree_look(struct tree *tree, const struct processes *all)
{
	unsigned char *mark = calloc(all->n + 1, 1);
	if (!mark)
		return false;
	check_sessions(tree, all);
	mark_all(tree, all, mark);
	size_t root = processes_find(all, tree->root);
	bool alive = root != NO_PROCESS && all->at[root].start == tree->start && !all->at[root].dead;
	bool good = (!alive || adopt_sessions(tree, all, mark)) && keep(tree, all, mark);
	free(mark);
	return good;
}

bool tree_of_line(struct tree *tree, const struct processes *all, pid_t shell, uint64_t shell_start)
{
	unsigned char *mark = calloc(all->n + 1, 1);
	if (!mark)
		return false;
	mark_all(tree, all, mark);
	/* Only who is below the root can be its shell, whatever we were told; and what is below the shell is
	 * decided by now. */
	size_t at = processes_find(all, shell);
	if (at != NO_PROCESS && all->at[at].start == shell_start && mark[at] == INSIDE)
		mark[at] = OUTSIDE;
	tree->line = keep(tree, all, mark);
	free(mark);
	return tree->line;
}

void tree_subtract(struct tree *tree, const struct tree *earlier)
{
	size_t kept = 0, at = 0;
	for (size_t i = 0; i < tree->n; i++) {
		/* Both are in the order of their pids. */
		while (at < earlier->n && earlier->known[at].pid < tree->known[i].pid)
			at++;
		if (at == earlier->n || earlier->known[at].pid != tree->known[i].pid)
			tree->known[kept++] = tree->known[i];
	}
	tree->n = kept;
}

static void signal_member(struct tree *tree, const struct tree_member *member, const int *signals)
{
	if (process_signal(member->pid, member->start, signals) == EPERM)
		tree->refused = true;
}

static int ask_all(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		if (!tree->known[i].asked) {
			signal_member(tree, &tree->known[i], ask);
			tree->known[i].asked = true;
		}
	return ASK_AGAIN_MS;
}

/* Is somebody left whom the snapshot missed?  All trees together may hunt for HUNTS_MS by one snapshot. */
static bool hunted(struct tree *tree, struct processes *all, const int *signals)
{
	int64_t began = clock_mono_ms();
	bool found = all->hunted < HUNTS_MS && tree_hunt(tree, signals, HUNT_MS);
	all->hunted += clock_mono_ms() - began;
	return found;
}

/* The snapshot shows nobody.  Are there enough of those? */
static bool nobody_left(struct tree *tree, struct processes *all, const int *signals)
{
	bool doubt = all->vanished || tree->corpses;
	if (doubt && all->hunted >= HUNTS_MS)
		return false;
	tree->empty = doubt && hunted(tree, all, signals) ? 0 : tree->empty + 1;
	return tree->empty >= (doubt ? SURE_IN_DOUBT : SURE);
}

int tree_end(struct tree *tree, struct processes *all, int64_t now)
{
	if (!tree->begun)
		tree->begun = now;
	if (!tree_look(tree, all))
		return ASK_AGAIN_MS;
	bool asking = now - tree->begun < TREE_TERM_MS;
	if (!tree->n)
		return nobody_left(tree, all, asking ? ask : end) ? -1 : AT_ONCE_MS;
	tree->empty = 0;
	if (asking)
		return ask_all(tree);
	if (!tree->frozen)
		tree->frozen = now;
	bool all_stopped = true;
	for (size_t i = 0; i < tree->n; i++)
		if (!tree->known[i].stopped) {
			signal_member(tree, &tree->known[i], freeze);
			all_stopped = false;
		}
	if (!all_stopped && now - tree->frozen < FREEZE_MS)
		return AT_ONCE_MS;
	for (size_t i = 0; i < tree->n; i++)
		signal_member(tree, &tree->known[i], end);
	if (all->vanished || tree->corpses)
		hunted(tree, all, end);
	return AT_ONCE_MS;
}
