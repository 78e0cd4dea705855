/* kills.h: the kill switch in the store: who was killed, and what each kill reached.
 *
 * A kill is never removed: it is lifted, or its time is over.  A target is a command that was live when the
 * kill was carried out; whose it is, and how it ended, is in the command's own row.  Times are milliseconds
 * since 1970, 0 for not yet.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_KILLS_H
#define WHOSH_STORE_KILLS_H

#include "approver/store/store.h"

struct kill_row {
	char *id, *kind, *name, *reason, *by;
	int64_t ts, expires /* 0: not by itself */, lifted;
	char *lifted_by;
};
void kill_row_finish(struct kill_row *row);

/* One command that a kill reached. */
struct kill_target_row {
	char *command, *agent, *host, *outcome, *outcome_reason, *signal;
	enum command_state state;
	bool has_exit;
	int exit;
	int64_t decided, ended;
	int64_t reached, told, acknowledged; /* known to be killed; its host told; its host's word for it */
	int64_t left_ms, over,
	    lapsed; /* its outcome left processes behind; they ended; or its host fell silent */
};

/* ── writing, inside a group ───────────────────────────────────────────────────────────────────────────── */
/* Insert, or change when it ends by itself. */
int store_kill_put(struct store *store, const struct kill_row *row);
int store_kill_lift(struct store *store, const char *id, int64_t ms, const char *by);

/* What became of a target, each kept as first heard. */
enum kill_mark { KILL_REACHED, KILL_TOLD, KILL_ACKNOWLEDGED, KILL_LEFT, KILL_OVER, KILL_LAPSED, KILL_MARKS };
/* REACHED: the command is a target of `kill` from now on.  The others are of the command, whichever kills
 * have it for a target; `kill` is not looked at. */
int store_kill_mark(struct store *store, enum kill_mark mark, const char *kill, const char *command,
		    int64_t ms);

/* ── reading ───────────────────────────────────────────────────────────────────────────────────────────── */
typedef bool store_kill_fn(const struct kill_row *row, void *arg);
/* Those in force at `now`, newest first; with `all` then the others, `limit` in all. */
int store_kills(struct store_reader *reader, int64_t now, bool all, int limit, store_kill_fn *fn, void *arg);
/* 1 found, 0 not there, -1 error. */
int store_kill(struct store_reader *reader, const char *id, struct kill_row *row);
typedef bool store_kill_target_fn(const struct kill_target_row *row, void *arg);
int store_kill_targets(struct store_reader *reader, const char *kill, store_kill_target_fn *fn, void *arg);

/* For a start: each command still approved that was a target, the first kill that reached it, and whether
 * its host has acknowledged. */
typedef void store_kill_order_fn(const char *command, const struct kill_row *kill, bool acknowledged,
				 void *arg);
int store_kill_orders(struct store_reader *reader, store_kill_order_fn *fn, void *arg);
/* The same of one command, whatever its state: 1 with *kill to be finished, 0, -1. */
int store_kill_order(struct store_reader *reader, const char *command, struct kill_row *kill,
		     bool *acknowledged);
/* The session and the parent ("" for none) of a command; 1, 0, -1. */
int store_parent(struct store_reader *reader, const char *command, char session[37], char parent[37]);

#endif
