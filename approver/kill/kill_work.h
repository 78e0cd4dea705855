/* kill_work.h: killing and lifting, through the writer.
 *
 * A kill is stored with its event, then kept in memory, then carried out: whatever runs is marked and its
 * host told (live_kill.h), whatever waits is denied.  What it reached is stored in the group after.
 * Everything that comes later finds the kill in memory.  When it cannot be stored what runs is ended all the
 * same, but it is no kill in force: 503.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KILL_KILL_WORK_H
#define WHOSH_KILL_KILL_WORK_H

#include "approver/kill/kills.h"
#include "approver/http/request.h"

struct group;

/* Suspend the request and kill; `name` and `reason` are copied.  Answered with the kill (route_kills.c),
 * which is one that was in force already when it is the same: 200, else 201. */
void kill_push(struct request *request, enum kill_kind kind, const char *name, const char *reason,
	       int64_t for_s);
/* Suspend the request and lift the kill; 204. */
void unkill_push(struct request *request, const struct kill *kill);

/* What takes an identity away for good also ends what runs by it: a kill, in the same group of the writer,
 * for as long as a host may not have heard of it.  The kill (to be released), by an operator; NULL: out of
 * memory. */
struct kill *kill_of_revoked(enum kill_kind kind, const char *name, const char *reason, const char *by);
/* In a group that has no new row: store it; -1 when that failed.  Nothing when the same is killed already. */
int kill_revoked_keep(struct group *group, struct kill *kill);
/* Once the group is on disk: in force, and carried out. */
void kill_revoked_begin(struct server *server, struct kill *kill, struct poll **wake);

/* Carry out a kill on one command that waits or runs. */
void kill_command(struct server *server, struct kill *kill, const char *id, struct poll **wake);
/* At start, before and after there is a writer: load the kills in force; carry them out on what was taken up
 * again.  -1 after logging why. */
int kills_load(struct server *server, struct store_reader *reader);
int kills_resume(struct server *server, struct store_reader *reader);

#endif
