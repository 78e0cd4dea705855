/* trees.h: the trees of processes that the broker follows, or ends: one snapshot of /proc serves them all.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_TREES_H
#define BROKER_TREES_H

#include "common/tree.h"
#include "shell/broker/broker.h"

enum tree_work {
	TREE_NONE,
	TREE_LEFT,     /* not looked at yet */
	TREE_FOLLOWED, /* left behind: looked at now and then */
	TREE_ENDING
};

/* The tree below one whosh; embedded in its command. */
struct tree_entry {
	struct tree tree;
	pid_t whosh;
	int process; /* a pidfd of it; -1: not known, or in another PID namespace */
	uid_t uid;
	bool begun;  /* tree_init was done */
	bool line;   /* it is to be that of one line of a session, whose shell this is */
	pid_t shell; /* 0: it has gone */
	uint64_t shell_start;
	bool taken_now, news, over;
	enum tree_work work;
	int64_t since; /* when this work began (clock_mono_ms) */
	int64_t due;   /* its next step */
	/* So many are left: told when tree_follow has counted them, and then when there is nobody any more;
	 * and when the end is over (more than 0: those could not be ended, and are followed). */
	void (*looked)(struct tree_entry *entry, size_t left);
	/* Of a line of a session, before that: it is known which processes it left, and the session may go
	 * on. */
	void (*taken)(struct tree_entry *entry);
	struct tree_entry *next, **back;
};

struct trees *trees_new(struct broker *broker); /* NULL: out of memory */
void trees_free(struct trees *trees);

/* Must tree_hold be called as soon as there is something to hold?  Else the kernel remembers for as long as
 * the socket is open, and it can be left until it is needed. */
bool trees_hold_early(const struct trees *trees);
/* Who is at the other end of this socket, by the kernel's word. */
void tree_hold(struct tree_entry *entry, int fd, uid_t uid);
/* Let go of it; nothing is called any more. */
void tree_drop(struct trees *trees, struct tree_entry *entry);

/* Look, for which whosh must live until it is told, and go on looking until nobody is left.  false when it is
 * not known whose it is, and nothing will be called. */
bool tree_follow(struct trees *trees, struct tree_entry *entry);
/* End it.  false when it is not known whose it is, and nothing will be called. */
bool tree_end_begin(struct trees *trees, struct tree_entry *entry);
/* Its end is over, but whosh lives and may start something yet: go on with it. */
void tree_end_again(struct trees *trees, struct tree_entry *entry);
/* Send a signal to whosh itself. */
void tree_signal_whosh(const struct tree_entry *entry, int number);

/* What keeps this broker from ending processes of other users, for people; NULL: nothing. */
const char *trees_trouble(const struct broker *broker);

#endif
