/* kill_notes.h: what becomes of the commands that kills reach, collected in memory and then stored.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KILL_KILL_NOTES_H
#define WHOSH_KILL_KILL_NOTES_H

#include "approver/http/request.h"
#include "approver/store/kills.h"
#include "common/uuid.h"

struct kill_note {
	enum kill_mark mark;
	char kill[UUID_LEN + 1]; /* of REACHED */
	char command[UUID_LEN + 1];
	int64_t ms;
};

struct kill_notes {
	struct kill_note *list;
	size_t n, room;
	bool failed; /* out of memory: some are missing */
};

/* `command` has UUID_LEN characters, perhaps no NUL. */
void kill_note_add(struct kill_notes *notes, enum kill_mark mark, const char *kill, const char *command,
		   int64_t ms);
void kill_notes_finish(struct kill_notes *notes);
/* Hand them to the writer; the list is empty after.  A request is suspended already: `then` answers it once
 * they are stored. */
void kill_notes_push(struct server *server, struct kill_notes *notes, struct request *request,
		     request_fn *then);

#endif
