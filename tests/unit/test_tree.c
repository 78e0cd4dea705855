/* test_tree.c: who belongs to a command's tree, by snapshots made up here and by the kernel's own.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tree.h"
#include "tests/unit/check.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* pid, parent, session, start; by ascending pid. */
struct row {
	pid_t pid, parent, session;
	uint64_t start;
};

static struct processes snapshot(const struct row *rows, size_t n)
{
	struct processes all = {.at = calloc(n, sizeof *all.at), .n = n, .cap = n};
	for (size_t i = 0; i < n; i++)
		all.at[i] = (struct process){.pid = rows[i].pid,
					     .parent = rows[i].parent,
					     .session = rows[i].session,
					     .start = rows[i].start};
	for (size_t i = 0; i < n; i++)
		all.at[i].up = processes_find(&all, all.at[i].parent);
	return all;
}

#define SNAPSHOT(...)                                                                                        \
	snapshot((const struct row[]){__VA_ARGS__},                                                          \
		 sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

/* Does a look at this snapshot (it is freed) find exactly these pids (0 ends them)? */
static bool finds(struct tree *tree, struct processes all, ...)
{
	va_list pids;
	va_start(pids, all);
	bool same = tree_look(tree, &all);
	size_t n = 0;
	for (pid_t pid; (pid = va_arg(pids, pid_t)) != 0; n++)
		same = same && n < tree->n && tree->known[n].pid == pid;
	va_end(pids);
	processes_finish(&all);
	return same && n == tree->n;
}

/* whosh is process 100 of session 50, started at 10; 40 is its caller, 60 and 61 are neighbours. */
#define HOST                                                                                                 \
	{1, 0, 1, 1}, {40, 1, 50, 5}, {60, 40, 50, 7},                                                       \
	{                                                                                                    \
		61, 1, 61, 7                                                                                 \
	}
#define WHOSH                                                                                                \
	HOST,                                                                                                \
	{                                                                                                    \
		100, 40, 50, 10                                                                              \
	}

static struct tree fresh(void)
{
	return (struct tree){.root = 100, .session = 50, .start = 10};
}

static void test_parents(void)
{
	struct tree tree = fresh();
	holds("a child's child is killed too, a neighbour is not",
	      finds(&tree, SNAPSHOT(WHOSH, {101, 100, 50, 11}, {102, 101, 50, 12}, {200, 40, 50, 13}), 101,
		    102, 0));
	holds("what was seen once is found when whosh has gone",
	      finds(&tree, SNAPSHOT(HOST, {102, 1, 50, 12}, {103, 102, 50, 14}), 102, 103, 0));
	holds("a pid that is another's by now is left alone",
	      finds(&tree, SNAPSHOT(HOST, {102, 1, 50, 99}, {103, 102, 50, 100}), 0));
	tree_finish(&tree);
	tree = fresh();
	holds("who has whosh's pid and is not it is left alone",
	      finds(&tree, SNAPSHOT(HOST, {100, 40, 50, 77}, {101, 100, 50, 78}), 0));
	tree_finish(&tree);
}

static void test_sessions(void)
{
	struct tree tree = fresh();
	/* 102 leads the session; in the next snapshot only a stranger by parents is in it. */
	bool first = finds(&tree, SNAPSHOT(WHOSH, {101, 100, 50, 11}, {102, 101, 102, 12}), 101, 102, 0);
	holds("a daemon whose parents ended between two looks is found by its session",
	      first && finds(&tree, SNAPSHOT(HOST, {300, 1, 102, 20}, {301, 1, 50, 20}), 300, 0));
	holds("a session that ended, and whose number another one has, is not it",
	      finds(&tree, SNAPSHOT(HOST, {102, 1, 102, 90}, {302, 102, 102, 91}), 0));
	tree_finish(&tree);
	tree = fresh();
	/* 101 is below whosh, and of a session that 61 is in as well: somebody who set whosh up for it. */
	holds("a session that holds others is not the tree's",
	      finds(&tree, SNAPSHOT(WHOSH, {101, 100, 61, 11}), 101, 0) && !tree.n_sessions);
	tree_finish(&tree);
	tree = fresh();
	holds("the session that whosh shares with its caller is not the tree's",
	      finds(&tree, SNAPSHOT(WHOSH, {101, 100, 50, 11}), 101, 0) && !tree.n_sessions);
	tree_finish(&tree);
}

/* Does this snapshot (it is freed) give a line of a session exactly these pids (0 ends them)?  Its shell is
 * 101. */
static bool leaves(struct tree *tree, struct processes all, const struct tree *earlier, ...)
{
	va_list pids;
	va_start(pids, earlier);
	bool same = tree_of_line(tree, &all, 101, 11);
	if (same && earlier)
		tree_subtract(tree, earlier);
	size_t n = 0;
	for (pid_t pid; (pid = va_arg(pids, pid_t)) != 0; n++)
		same = same && n < tree->n && tree->known[n].pid == pid;
	va_end(pids);
	processes_finish(&all);
	return same && n == tree->n;
}

static void test_lines(void)
{
	struct tree one = fresh(), two = fresh(), three = fresh(), four = fresh();
	/* 101 is bash, 102 a job of it with a child, 104 an orphan that whosh was given. */
	holds("what a line left is not its session's shell",
	      leaves(&one,
		     SNAPSHOT(WHOSH, {101, 100, 50, 11}, {102, 101, 50, 12}, {103, 102, 50, 12},
			      {104, 100, 50, 12}),
		     NULL, 102, 103, 104, 0));
	holds("nor what an earlier line left", leaves(&two,
						      SNAPSHOT(WHOSH, {101, 100, 50, 11}, {102, 101, 50, 12},
							       {104, 100, 50, 12}, {105, 101, 105, 13}),
						      &one, 105, 0));
	holds("later lines' processes are not the earlier line's, its own children's children are",
	      finds(&one,
		    SNAPSHOT(WHOSH, {101, 100, 50, 11}, {102, 100, 50, 12}, {106, 101, 50, 14},
			     {107, 102, 50, 14}),
		    102, 107, 0));
	holds("what it began a session in is found by that",
	      finds(&two, SNAPSHOT(WHOSH, {101, 100, 50, 11}, {105, 101, 105, 13}, {106, 105, 105, 14}), 105,
		    106, 0) &&
		  finds(&two, SNAPSHOT(WHOSH, {101, 100, 50, 11}, {108, 100, 105, 15}), 108, 0));
	holds("a shell that is not below whosh spares nobody, and takes in nobody",
	      leaves(&three, SNAPSHOT(WHOSH, {101, 40, 50, 11}, {102, 101, 50, 12}, {103, 100, 50, 12}), NULL,
		     103, 0));
	holds("who has the shell's pid since it has gone is not it",
	      leaves(&four, SNAPSHOT(WHOSH, {101, 100, 50, 90}, {102, 101, 50, 91}), NULL, 101, 102, 0));
	tree_finish(&one);
	tree_finish(&two);
	tree_finish(&three);
	tree_finish(&four);
}

static void test_loops(void)
{
	struct tree tree = fresh();
	holds("a snapshot in which parents run in a circle ends all the same",
	      finds(&tree, SNAPSHOT(WHOSH, {101, 102, 50, 11}, {102, 101, 50, 12}, {103, 103, 50, 12}), 0));
	tree_finish(&tree);
}

static void test_names(void)
{
	char name[] = ") Z 1 1 1 (";
	struct process own;
	prctl(PR_SET_NAME, name);
	bool read = process_read(getpid(), &own);
	holds("a process cannot pass for dead, or another's, by its name",
	      read && !own.dead && own.parent == getppid() && own.session == getsid(0));
	uid_t uid = (uid_t)-1;
	prctl(PR_SET_NAME, "x\nUid:\t4");
	holds("nor for another user's", process_user(getpid(), &uid) && uid == geteuid());
	prctl(PR_SET_NAME, "test_tree");
}

static void test_signals(void)
{
	static const int kill_it[] = {SIGKILL, 0};
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	struct process process;
	bool read = process_read(child, &process);
	holds("a signal for a process of another start time is not sent",
	      read && process_signal(child, process.start + 1, kill_it) == ESRCH &&
		  waitpid(child, NULL, WNOHANG) == 0);
	int status;
	holds("one for this process is", process_signal(child, process.start, kill_it) == 0 &&
					     waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	holds("one for a process that has gone goes nowhere",
	      process_signal(child, process.start, kill_it) == ESRCH);
}

static void test_end(void)
{
	struct tree tree;
	struct processes all = {0};
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGTERM, SIG_IGN);
		if (fork() == 0 && setsid() > 0 && fork() > 0)
			_exit(0);
		for (;;)
			pause();
	}
	tree_init(&tree, getpid());
	int64_t now = 1000;
	int wait = 0;
	for (; wait >= 0 && now<9000; now += wait> 20 ? wait : 20) {
		processes_read(&all);
		wait = tree_end(&tree, &all, now);
		usleep(1000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	holds("who ignores SIGTERM and hides in a session of its own is killed, soon after half a second",
	      wait == -1 && now < 2500 && !tree.n && waitpid(-1, NULL, WNOHANG) < 0);
	tree_finish(&tree);
	processes_finish(&all);
}

int main(void)
{
	test_parents();
	test_sessions();
	test_lines();
	test_loops();
	test_names();
	test_signals();
	test_end();
	return checks_end();
}
