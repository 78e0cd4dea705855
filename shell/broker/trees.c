/* trees.c: the trees of processes that the broker follows, or ends.
 *
 * Two hundred commands that are killed together must not cost two hundred looks at /proc: all that are being
 * ended take their steps by the same snapshot, and so do all that are followed.  A look at a big host takes
 * milliseconds; followed trees are looked at once a second, or less often where that would take more than a
 * fiftieth of a processor.
 *
 * Much of what a command seems to leave is only late: the private broker of a whosh inside it, say, that
 * tidies up.  It has SETTLE_MS to go before it is counted.  A session does not wait for that: which processes
 * a line of it left is seen by one look, before the next line can start any, and what earlier lines left is
 * taken from that.
 *
 * Whose tree it is.  The kernel says which process connected, and keeps it apart from later ones of that pid
 * (SO_PEERPIDFD, Linux 6.5), so nothing is asked or read before there is something to follow or to end.
 * Before that there is only a pid, of which a pidfd is made early, and whose user is compared with the
 * socket's.  That the pidfd takes a signal after the process was read shows that the pid was still that
 * process's.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/trees.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/log.h"
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SETTLE_MS = 60,
	SETTLE_AGAIN_MS = 15,
	FOLLOW_MS = 1000,
	FOLLOW_SHARE = 50,
	GIVE_UP_MS = 2000,
	END_AGAIN_MS = 20,
	AGAIN_MS = 100
};

/* Not in the headers of every C library. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

struct trees {
	struct broker *broker;
	struct tree_entry *first;
	struct processes all;
	struct timer timer;
	int64_t took; /* what a look costs, and what is made of it for all trees (ms) */
	bool blind;   /* the last one failed */
	bool early;   /* no SO_PEERPIDFD */
};

/* ── whose it is ── */

bool trees_hold_early(const struct trees *trees)
{
	return trees->early;
}

void tree_hold(struct tree_entry *entry, int fd, uid_t uid)
{
	struct ucred credentials;
	int process = -1;
	socklen_t len = sizeof credentials, size = sizeof process;
	entry->process = -1;
	entry->uid = uid;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0 || credentials.pid <= 0)
		return;
	entry->whosh = credentials.pid;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0)
		entry->process = process;
	else if (errno == ENOPROTOOPT)
		entry->process = pidfd_open(credentials.pid, 0);
}

/* Learn what the tree is known by; false: whosh has gone, or is not who connected. */
static bool begin(struct tree_entry *entry)
{
	uid_t uid;
	if (entry->begun)
		return true;
	if (entry->process < 0 || !tree_init(&entry->tree, entry->whosh) ||
	    !process_user(entry->whosh, &uid) || uid != entry->uid)
		return false;
	/* EPERM: there is such a process. */
	if (pidfd_send_signal(entry->process, 0, NULL, 0) < 0 && errno != EPERM)
		return false;
	entry->begun = true;
	return true;
}

void tree_signal_whosh(const struct tree_entry *entry, int number)
{
	if (entry->process >= 0)
		pidfd_send_signal(entry->process, number, NULL, 0);
}

/* ── the list ── */

static void list(struct trees *trees, struct tree_entry *entry, enum tree_work work)
{
	entry->news = entry->over = entry->taken_now = false;
	entry->tree.empty = 0;
	entry->due = 0;
	if (entry->work == TREE_NONE) {
		entry->next = trees->first;
		entry->back = &trees->first;
		if (entry->next)
			entry->next->back = &entry->next;
		trees->first = entry;
	}
	entry->work = work;
}

static void unlist(struct tree_entry *entry)
{
	if (entry->work == TREE_NONE)
		return;
	*entry->back = entry->next;
	if (entry->next)
		entry->next->back = entry->back;
	entry->work = TREE_NONE;
}

void tree_drop(struct trees *trees, struct tree_entry *entry)
{
	unlist(entry);
	if (trees && !trees->first)
		loop_timer_stop(trees->broker->loop, &trees->timer);
	fd_close(&entry->process);
	tree_finish(&entry->tree);
	entry->begun = entry->line = false;
}

static void plan(struct trees *trees, int64_t ms)
{
	if (!trees->timer.slot || trees->timer.due > clock_mono_ms() + ms)
		loop_timer_set(trees->broker->loop, &trees->timer, ms);
}

static bool look(struct trees *trees)
{
	bool seen = processes_read(&trees->all);
	if (!seen && !trees->blind)
		log_line(LOG_LEVEL_ERROR, "cannot see the host's processes", "error", strerrorname_np(errno),
			 NULL);
	trees->blind = !seen;
	return seen;
}

/* ── following and ending ── */

static int64_t follow_ms(const struct trees *trees)
{
	int64_t pause = trees->took * FOLLOW_SHARE;
	return pause > FOLLOW_MS ? pause : FOLLOW_MS;
}

bool tree_follow(struct trees *trees, struct tree_entry *entry)
{
	if (!begin(entry))
		return false;
	entry->since = clock_mono_ms();
	list(trees, entry, TREE_LEFT);
	plan(trees, 0);
	return true;
}

bool tree_end_begin(struct trees *trees, struct tree_entry *entry)
{
	if (!begin(entry))
		return false;
	entry->since = clock_mono_ms();
	entry->tree.begun = entry->tree.frozen = 0;
	list(trees, entry, TREE_ENDING);
	plan(trees, 0);
	return true;
}

void tree_end_again(struct trees *trees, struct tree_entry *entry)
{
	list(trees, entry, TREE_ENDING);
	plan(trees, END_AGAIN_MS);
}

/* The first look at what a line of a session left; false: out of memory. */
static bool take_line(struct trees *trees, struct tree_entry *entry)
{
	struct tree *tree = &entry->tree;
	if (!entry->line || tree->line)
		return true;
	if (!tree_of_line(tree, &trees->all, entry->shell, entry->shell_start))
		return false;
	for (struct tree_entry *other = trees->first; other; other = other->next)
		if (other != entry && other->tree.line && other->tree.root == tree->root &&
		    other->tree.start == tree->start && tree_look(&other->tree, &trees->all))
			tree_subtract(tree, &other->tree);
	entry->taken_now = true;
	return true;
}

/* One step of one tree; the milliseconds until the next. */
static int64_t step(struct trees *trees, struct tree_entry *entry, int64_t now)
{
	struct tree *tree = &entry->tree;
	if (!take_line(trees, entry))
		return AGAIN_MS;
	if (entry->work == TREE_ENDING) {
		int wait = tree_end(tree, &trees->all, now);
		entry->over = wait < 0;
		entry->news = entry->over || now - entry->since >= GIVE_UP_MS;
		if (entry->news && !entry->over)
			entry->work = TREE_FOLLOWED;
		return wait;
	}
	if (!tree_look(tree, &trees->all))
		return AGAIN_MS;
	bool first = entry->work == TREE_LEFT;
	if (first && tree->n && now - entry->since < SETTLE_MS)
		return entry->line && !trees->broker->private ? SETTLE_MS - (now - entry->since)
							      : SETTLE_AGAIN_MS;
	tree->empty = tree->n ? 0 : tree->empty + 1;
	entry->over = tree->empty >= (first ? 1 : 2);
	entry->news = first || entry->over;
	entry->work = TREE_FOLLOWED;
	return tree->n ? follow_ms(trees) : AGAIN_MS;
}

static void fired(struct timer *timer)
{
	struct trees *trees = container_of(timer, struct trees, timer);
	int64_t before = clock_mono_ms();
	if (!look(trees)) {
		plan(trees, AGAIN_MS);
		return;
	}
	int64_t next = INT64_MAX, now = clock_mono_ms();
	for (struct tree_entry *entry = trees->first; entry; entry = entry->next) {
		/* Thousands that are followed are not in the way of one that is ended. */
		int64_t wait = entry->due > now ? entry->due - now : step(trees, entry, now);
		entry->due = now + wait;
		if (!entry->over && wait < next)
			next = wait;
	}
	trees->took = clock_mono_ms() - before;
	if (next != INT64_MAX)
		plan(trees, next);
	/* Who is told may free the entry, and others. */
	for (struct tree_entry *entry = trees->first; entry;) {
		if (entry->taken_now && !entry->news) {
			entry->taken_now = false;
			entry->taken(entry);
			entry = trees->first;
			continue;
		}
		if (!entry->news) {
			entry = entry->next;
			continue;
		}
		entry->news = false;
		if (entry->over)
			unlist(entry);
		/* Given up, and not sure that nobody is left: somebody is. */
		entry->looked(entry, entry->over ? 0 : entry->tree.n ? entry->tree.n : 1);
		entry = trees->first;
	}
}

/* ── life ── */

const char *trees_trouble(const struct broker *broker)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	struct process first;
	if (broker->private)
		return NULL;
	if (syscall(SYS_capget, &header, data) < 0 || !(data[0].effective & (1u << CAP_KILL)))
		return "the broker has neither root nor CAP_KILL: a kill is left to the shell itself";
	if (!process_read(1, &first))
		return "the broker cannot see the processes of others (ProtectProc=, hidepid=): a kill is "
		       "left to the shell itself";
	return NULL;
}

struct trees *trees_new(struct broker *broker)
{
	struct trees *trees = calloc(1, sizeof *trees);
	if (!trees)
		return NULL;
	trees->broker = broker;
	trees->timer.fire = fired;
	int ends[2], process;
	socklen_t size = sizeof process;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return trees;
	if (getsockopt(ends[0], SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0)
		close(process);
	else
		trees->early = errno == ENOPROTOOPT;
	close(ends[0]);
	close(ends[1]);
	return trees;
}

void trees_free(struct trees *trees)
{
	if (!trees)
		return;
	loop_timer_stop(trees->broker->loop, &trees->timer);
	processes_finish(&trees->all);
	free(trees);
}
