/* kill_notes.c: on the way of kills' marks to the store.
 *
 * That a mark could not be stored is logged and no more: what must happen has happened, and at the next start
 * the kills in force find their commands again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kill_notes.h"
#include "approver/command/writer.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

struct notes_work {
	struct work work;
	struct kill_notes notes;
	request_fn *then;
};

void kill_note_add(struct kill_notes *notes, enum kill_mark mark, const char *kill, const char *command,
		   int64_t ms)
{
	if (notes->n == notes->room) {
		size_t room = notes->room ? notes->room * 2 : 16;
		struct kill_note *list = reallocarray(notes->list, room, sizeof *list);
		if (!list) {
			notes->failed = true;
			return;
		}
		notes->list = list;
		notes->room = room;
	}
	struct kill_note *note = &notes->list[notes->n++];
	*note = (struct kill_note){.mark = mark, .ms = ms};
	memcpy(note->command, command, UUID_LEN);
	if (kill)
		memcpy(note->kill, kill, UUID_LEN);
}

void kill_notes_finish(struct kill_notes *notes)
{
	free(notes->list);
	memset(notes, 0, sizeof *notes);
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct notes_work *w = (struct notes_work *)work;
	for (size_t i = 0; i < w->notes.n; i++) {
		const struct kill_note *note = &w->notes.list[i];
		if (store_kill_mark(group->store, note->mark, note->kill, note->command, note->ms))
			return WORK_FAILED;
	}
	return WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct notes_work *w = (struct notes_work *)work;
	(void)group;
	if (end == WORK_FAILED)
		log_line(LOG_LEVEL_WARNING, "what a kill brought about could not be recorded", NULL);
	if (work->request)
		work->request->resumed = w->then;
	kill_notes_finish(&w->notes);
	free(w);
}

void kill_notes_push(struct server *server, struct kill_notes *notes, struct request *request,
		     request_fn *then)
{
	static const struct work_kind kind = {apply, done};
	if (notes->failed)
		log_line(LOG_LEVEL_ERROR, "out of memory: some of what a kill brought about is not recorded",
			 NULL);
	if (!notes->n && !request) {
		kill_notes_finish(notes);
		return;
	}
	struct notes_work *w = calloc(1, sizeof *w);
	if (!w) {
		kill_notes_finish(notes);
		if (request) {
			request->resumed = then;
			request_resume(request);
		}
		return;
	}
	w->work.kind = &kind;
	w->work.request = request;
	w->then = then;
	w->notes = *notes;
	memset(notes, 0, sizeof *notes);
	writer_push(server->writer, &w->work);
}
