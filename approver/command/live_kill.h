/* live_kill.h: kills in the table of live commands: who is marked, who is told, who has acknowledged.
 *
 * A mark stays until the command is forgotten: lifting a kill, or its time being over, takes back no order.
 * A running command's poll is woken and told at once; one that nobody polls for is told in the next poll that
 * names it; one that was told and not acknowledged is told again, once a second at most, since an answer may
 * have been lost and since a broker that does not know of kills must not be sent round in circles.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_LIVE_KILL_H
#define WHOSH_COMMAND_LIVE_KILL_H

#include "approver/kill/kill_notes.h"
#include "approver/kill/kills.h"
#include "approver/command/live.h"

/* Commands by ID, and the parents of those that must still be looked at. */
struct live_list {
	struct {
		char id[UUID_LEN + 1], parent[UUID_LEN + 1];
	} * at;
	size_t n, room;
	bool failed;
};
void live_list_finish(struct live_list *list);

/* Mark every running or left command that the kill matches, and note it as reached; put the pending ones
 * (reached too) into *pending, and those that only the store can tell of into *unsure. */
void live_kill_all(struct live *live, struct kill *kill, struct kill_notes *notes, struct live_list *pending,
		   struct live_list *unsure, struct poll **wake);
/* The same of one command.  `state` is what it was: LIVE_PENDING must be settled by the caller. */
enum live_state live_kill_one(struct live *live, const char *id, struct kill *kill, bool acknowledged,
			      struct kill_notes *notes, struct poll **wake);

/* What a live command is, its texts copied into `room`; false when it is absent. */
bool live_subject(struct live *live, const char *id, struct kill_subject *subject, struct buf *room);

/* What a broker says in a poll: those it names as REF_KILLED are acknowledged, and what such a one left
 * behind is over when it is not named as REF_LEFT any more. */
void live_acknowledge(struct live *live, const struct live_ref *refs, size_t n, struct kill_notes *notes);
/* Append `"ID":{"reason":…,"by":…},` for each order that is due among those named, up to `full` bytes. */
void live_orders(struct live *live, const struct live_ref *refs, size_t n, struct buf *out, size_t full,
		 struct kill_notes *notes);
/* The outcome of a running command is known, but it left processes behind: they hold a lease of `ms`. */
void live_set_left(struct live *live, const char *id, int64_t ms, struct kill_notes *notes);
/* They have ended: forget it. */
void live_left_over(struct live *live, const char *id, struct kill_notes *notes);
/* Their lease lapsed: forget it. */
void live_forget_left(struct live *live, const char *id, struct kill_notes *notes);

/* When the lease of a live command lapses, wall clock; 0 when it is absent. */
int64_t live_lapses(struct live *live, const char *id);

#endif
