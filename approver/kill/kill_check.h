/* kill_check.h: is this command killed?  Asked three times on its way: when its signature has been believed,
 * before the permit is signed, and when it has begun to wait or run, since a kill may have been written in
 * the same group.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KILL_KILL_CHECK_H
#define WHOSH_KILL_KILL_CHECK_H

#include "approver/kill/kills.h"
#include "approver/command/live.h"
#include "approver/http/server.h"

struct poll;
struct request;

/* 0, or 1 with *kill (to be released), or -1 when it could not be found out.  `lineage` may be NULL. */
int kill_of_command(struct server *server, struct store_reader *reader, const char *lineage,
		    const struct command_row *row, struct kill **kill);
/* The same of a stored row, its lineage taken from its chain. */
int kill_of_row(struct server *server, struct store_reader *reader, const struct command_row *row,
		struct kill **kill);
/* On the HTTP thread: false, or true after the refusal is answered. */
bool kill_refuses(struct request *request, const char *lineage, const struct command_row *row);
/* By the writer, of a command that waits or runs since this group: end it when it is killed after all. */
void kill_newcomer(struct server *server, const char *id, struct poll **wake);

#endif
