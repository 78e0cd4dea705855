/* lost.c: a running command, or what it left behind, whose broker has fallen silent.
 *
 * The log then says what is known and what is not: it was approved, it may have run, nobody can say how it
 * ended. An outcome that a broker had spooled and delivers later still takes its place (outcome.c).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live_kill.h"
#include "approver/http/metrics.h"
#include "approver/command/settle.h"
#include "approver/command/writer.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char reason[] = "exit unknown: host lost";

struct lost_work {
	struct work work;
	char id[UUID_LEN + 1];
};

static enum work_end apply(struct work *work, struct group *group)
{
	struct lost_work *w = (struct lost_work *)work;
	enum live_take took = live_take(group->server->live, w->id, LIVE_RUNNING);
	if (took != LIVE_TOOK)
		return took == LIVE_BUSY ? WORK_AGAIN : WORK_DROPPED;
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"command\":\"%s\",\"reason\":\"%s\"}", w->id, reason);
	struct command_row row = {.id = w->id,
				  .state = COMMAND_LOST,
				  .outcome = "lost",
				  .outcome_reason = (char *)(uintptr_t)reason,
				  .ended = 0};
	if (body.failed ||
	    store_append(group->store, EVENT_COMMAND_UNKNOWN, group->now, w->id, body.data, body.len) < 0 ||
	    store_command_outcome(group->store, &row))
		return WORK_FAILED;
	return WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct lost_work *w = (struct lost_work *)work;
	if (end == WORK_KEPT) {
		live_forget(group->server->live, w->id);
		metric_add(METRIC_LOST, 1);
		log_line(LOG_LEVEL_WARNING, "a command's host is lost", "id", w->id, NULL);
	} else if (end == WORK_FAILED) {
		live_give_back(group->server->live, w->id);
	}
	free(w);
}

void settle_lost(struct server *server, const char *id)
{
	static const struct work_kind kind = {apply, done};
	struct lost_work *w = calloc(1, sizeof *w);
	if (!w)
		return; /* the lease's timer comes round again */
	w->work.kind = &kind;
	snprintf(w->id, sizeof w->id, "%s", id);
	writer_push(server->writer, &w->work);
}

void settle_left(struct server *server, const char *id)
{
	struct kill_notes notes = {0};
	live_forget_left(server->live, id, &notes);
	kill_notes_push(server, &notes, NULL, NULL);
}
