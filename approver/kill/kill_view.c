/* kill_view.c: a kill as people's programs see it, and what it reached.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kill_view.h"
#include "approver/command/live_kill.h"
#include "approver/http/record.h"
#include "common/clock.h"
#include "common/json.h"
#include <stdio.h>
#include <string.h>

void kill_open(struct buf *out, const struct kill_row *row, int64_t now)
{
	buf_adds(out, "{\"id\":");
	json_add_string(out, row->id, strlen(row->id));
	record_text(out, "kind", row->kind);
	record_text(out, "name", row->name);
	record_text(out, "reason", row->reason);
	record_text(out, "by", row->by);
	record_time(out, "ts", row->ts);
	record_time(out, "expires", row->expires);
	record_time(out, "lifted", row->lifted);
	record_text(out, "lifted_by", row->lifted_by);
	record_text(out, "state",
		    row->lifted                           ? "lifted"
		    : row->expires && row->expires <= now ? "expired"
							  : "active");
}

/* How it stands with a target. */
struct fate {
	const char *state; /* "running", "ended", "lapsed" */
	int64_t ended, lapses;
	char how[96];
};

static void fate_of_exited(struct fate *fate, const struct kill_target_row *row)
{
	fate->ended = row->over ? row->over : row->ended;
	if (row->has_exit)
		snprintf(fate->how, sizeof fate->how, "exited %d", row->exit);
	else if (row->signal)
		snprintf(fate->how, sizeof fate->how, "signal %.16s", row->signal);
	else
		snprintf(fate->how, sizeof fate->how, "%.16s", row->outcome ? row->outcome : "ended");
	if (!row->left_ms || row->over)
		return;
	/* Nobody names what it left any more: its lease lapsed, perhaps while the approver was away. */
	bool alive = fate->lapses && !row->lapsed;
	fate->state = alive ? "running" : "lapsed";
	fate->ended = 0;
	snprintf(fate->how, sizeof fate->how, "%s",
		 alive ? "left processes behind" : "left processes behind: unknown, host lost");
}

static void fate_of(struct fate *fate, struct live *live, const struct kill_target_row *row)
{
	*fate = (struct fate){.state = "running"};
	if (row->state == COMMAND_APPROVED || row->left_ms)
		fate->lapses = live_lapses(live, row->command);
	if (row->state == COMMAND_PENDING || row->state == COMMAND_APPROVED)
		return;
	fate->state = "ended";
	if (row->state == COMMAND_DENIED) {
		fate->ended = row->decided;
		snprintf(fate->how, sizeof fate->how, "denied");
	} else if (row->state == COMMAND_LOST) {
		fate->state = fate->lapses && !row->lapsed ? "running" : "lapsed";
		fate->ended = row->ended;
		snprintf(fate->how, sizeof fate->how, "%.90s",
			 row->outcome_reason ? row->outcome_reason : "lost");
	} else {
		fate_of_exited(fate, row);
	}
}

struct showing {
	struct request *request;
	int n;
	bool more;
};

static bool show_target(const struct kill_target_row *row, void *arg)
{
	struct showing *showing = arg;
	struct buf *out = &showing->request->out;
	struct fate fate;
	if (out->len >= LISTING_FULL) {
		showing->more = true;
		return false;
	}
	fate_of(&fate, showing->request->server->live, row);
	buf_addf(out, "%s{\"command\":", showing->n++ ? "," : "");
	json_add_string(out, row->command, strlen(row->command));
	record_text(out, "agent", row->agent);
	record_text(out, "host", row->host);
	record_time(out, "reached", row->reached);
	record_time(out, "told", row->told);
	record_time(out, "acknowledged", row->acknowledged);
	record_time(out, "ended", fate.ended);
	record_text(out, "state", fate.state);
	record_text(out, "how", fate.how[0] ? fate.how : NULL);
	record_time(out, "lapses", fate.lapses);
	buf_addc(out, '}');
	return true;
}

static bool answer_with(struct request *r, int status)
{
	struct store_reader *reader = server_reader(r->server);
	struct showing showing = {.request = r};
	struct kill_row row;
	int found = reader ? store_kill(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such kill");
	kill_open(&r->out, &row, clock_wall_ms());
	kill_row_finish(&row);
	buf_adds(&r->out, ",\"targets\":[");
	if (store_kill_targets(reader, r->param, show_target, &showing))
		return answer_unavailable(r);
	buf_addf(&r->out, "],\"more\":%s}", showing.more ? "true" : "false");
	return answer_json(r, status);
}

bool answer_kill(struct request *r)
{
	return answer_with(r, 200);
}

bool answer_new_kill(struct request *r)
{
	return answer_with(r, 201);
}
