/* kill_work.c: killing and lifting, through the writer; see kill_work.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kill_work.h"
#include "approver/kill/kill_check.h"
#include "approver/kill/kill_view.h"
#include "approver/command/live_kill.h"
#include "approver/identity/registry.h"
#include "approver/command/settle.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REVOKED_MS = 3600000 };

struct kill_work {
	struct work work; /* without its request, which is answered in a later group */
	struct request *request;
	struct kill *kill; /* new; or the one in force that is lifted */
	struct kill *same; /* in force already, and perhaps extended */
	int64_t expires;   /* then */
	char by[68];
	bool lift, full;
};

static void work_free(struct kill_work *w)
{
	kill_release(w->kill);
	kill_release(w->same);
	free(w);
}

/* ── carrying out ──────────────────────────────────────────────────────────────────────────────────────── */

static void deny(struct server *server, const struct kill *kill, const char *id)
{
	struct buf why BUF_AUTO = BUF_INIT;
	kill_sentence(&why, kill);
	struct settle_ask ask = {.id = id,
				 .by = SETTLE_KILLED,
				 .operator_name = kill->by,
				 .reason = why.failed ? "it was killed" : why.data};
	settle_push(server, &ask, NULL);
}

static void reach(struct server *server, struct kill *kill, const char *id, struct kill_notes *notes,
		  struct poll **wake)
{
	if (live_kill_one(server->live, id, kill, false, notes, wake) == LIVE_PENDING)
		deny(server, kill, id);
}

void kill_command(struct server *server, struct kill *kill, const char *id, struct poll **wake)
{
	struct kill_notes notes = {0};
	reach(server, kill, id, &notes, wake);
	kill_notes_push(server, &notes, NULL, NULL);
}

/* Everything live that is known to be what the kill is of; those that only the store can tell of are added to
 * *unsure. */
static void reach_known(struct server *server, struct kill *kill, struct kill_notes *notes,
			struct live_list *unsure, struct poll **wake)
{
	struct live_list pending = {0};
	live_kill_all(server->live, kill, notes, &pending, unsure, wake);
	for (size_t i = 0; i < pending.n; i++)
		deny(server, kill, pending.at[i].id);
	if (pending.failed || unsure->failed)
		log_line(LOG_LEVEL_ERROR,
			 "out of memory: a kill was not carried out on everything, kill again", "id",
			 kill->id, NULL);
	live_list_finish(&pending);
}

/* Everything live that the kill is of. */
static void carry_out(struct server *server, struct kill *kill, struct kill_notes *notes, struct poll **wake)
{
	struct live_list unsure = {0};
	reach_known(server, kill, notes, &unsure, wake);
	for (size_t i = 0; i < unsure.n; i++) {
		int of = kill_matches_parents(kill, unsure.at[i].parent, server_reader(server));
		if (of > 0)
			reach(server, kill, unsure.at[i].id, notes, wake);
		else if (of < 0)
			log_line(LOG_LEVEL_ERROR, "it cannot be found out whether a command is killed", "id",
				 unsure.at[i].id, NULL);
	}
	live_list_finish(&unsure);
}

/* ── what the writer does ──────────────────────────────────────────────────────────────────────────────── */

static void member(struct buf *body, const char *name, const char *value)
{
	buf_addf(body, "%s\"%s\":", body->len > 1 ? "," : "", name);
	json_add_string(body, value, strlen(value));
}

static int append(struct group *group, const struct kill *kill, int64_t expires, const char *lifted_by)
{
	struct buf body BUF_AUTO = BUF_INIT;
	char until[RFC3339_LEN + 1];
	buf_addc(&body, '{');
	member(&body, "id", kill->id);
	member(&body, "kind", kill_kind_name(kill->kind));
	member(&body, "name", kill->name);
	member(&body, "by", lifted_by ? lifted_by : kill->by);
	if (!lifted_by)
		member(&body, "reason", kill->reason);
	if (!lifted_by && expires) {
		rfc3339_format(expires, until);
		member(&body, "expires", until);
	}
	buf_addc(&body, '}');
	if (body.failed)
		return -1;
	return store_append(group->store, lifted_by ? EVENT_UNKILL : EVENT_KILL, group->now, kill->id,
			    body.data, body.len) < 0
		   ? -1
		   : 0;
}

static int keep(struct group *group, const struct kill *kill, int64_t expires)
{
	struct kill_row row = {.id = (char *)(uintptr_t)kill->id,
			       .kind = (char *)(uintptr_t)kill_kind_name(kill->kind),
			       .name = (char *)(uintptr_t)kill->name,
			       .reason = (char *)(uintptr_t)kill->reason,
			       .by = (char *)(uintptr_t)kill->by,
			       .ts = kill->ts,
			       .expires = expires};
	return store_kill_put(group->store, &row) || append(group, kill, expires, NULL) ? -1 : 0;
}

static enum work_end apply_kill(struct kill_work *w, struct group *group)
{
	struct kills *kills = group->server->kills;
	int64_t wanted = w->kill->expires;
	kill_release(w->same);
	w->same = kills_get(kills, w->kill->kind, w->kill->name);
	if (!w->same) {
		w->full = kills_count(kills) >= MAX_KILLS;
		if (w->full)
			return WORK_DROPPED;
		return keep(group, w->kill, wanted) ? WORK_FAILED : WORK_KEPT;
	}
	int64_t before = w->same->expires;
	bool longer = before && (!wanted || wanted > before);
	w->expires = longer ? wanted : before;
	if (longer && keep(group, w->same, w->expires))
		return WORK_FAILED;
	return WORK_KEPT;
}

static enum work_end apply_lift(struct kill_work *w, struct group *group)
{
	struct kill *still = kills_by_id(group->server->kills, w->kill->id);
	if (!still)
		return WORK_DROPPED; /* by itself, or by another */
	kill_release(still);
	return store_kill_lift(group->store, w->kill->id, group->now, w->by) ||
		       append(group, w->kill, 0, w->by)
		   ? WORK_FAILED
		   : WORK_KEPT;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct kill_work *w = (struct kill_work *)work;
	/* What another kill or lifting in this group does to memory, the next group will see. */
	if (group->new_row)
		return WORK_AGAIN;
	enum work_end end = w->lift ? apply_lift(w, group) : apply_kill(w, group);
	group->new_row = group->new_row || end == WORK_KEPT;
	return end;
}

static void log_done(const struct kill_work *w, const struct kill *kill, const struct kill_notes *notes)
{
	char n[24];
	snprintf(n, sizeof n, "%zu", notes->n);
	log_line(LOG_LEVEL_WARNING, w->lift ? "a kill was lifted" : "killed", "kind",
		 kill_kind_name(kill->kind), "name", kill->name, "by", w->by, "kill", kill->id, "notes", n,
		 NULL);
}

static void done_kept(struct kill_work *w, struct group *group)
{
	struct server *server = group->server;
	struct request *r = w->request;
	struct kill_notes notes = {0};
	if (w->lift) {
		kills_remove(server->kills, w->kill->id);
		log_done(w, w->kill, &notes);
		answer_empty(r);
		request_resume(r);
		return;
	}
	struct kill *kill = w->same ? w->same : w->kill;
	if (w->same) {
		kill->expires = w->expires;
		kills_remove(server->kills, kill->id); /* its time may have been over since */
	}
	kills_add(server->kills, kill);
	carry_out(server, kill, &notes, &group->wake);
	log_done(w, kill, &notes);
	snprintf(r->param, sizeof r->param, "%s", kill->id);
	kill_notes_push(server, &notes, r, w->same ? answer_kill : answer_new_kill);
}

/* Nothing can be recorded, and so nothing new is approved either; but what runs must end all the same.  The
 * switch is to be pulled again when there is room. */
static void done_failed(struct kill_work *w, struct group *group)
{
	struct kill_notes notes = {0};
	if (w->lift || group->server->ending) {
		answer_unavailable(w->request);
		return;
	}
	carry_out(group->server, w->kill, &notes, &group->wake);
	log_done(w, w->kill, &notes);
	kill_notes_finish(&notes);
	answer_problem(
	    w->request, PROBLEM_UNAVAILABLE,
	    "the kill could not be recorded: what runs is told to end all the same, but kill again "
	    "when the approver can record");
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct kill_work *w = (struct kill_work *)work;
	if (end == WORK_KEPT) {
		done_kept(w, group);
	} else {
		if (end == WORK_FAILED)
			done_failed(w, group);
		else if (w->full)
			answer_problemf(w->request, PROBLEM_CONFLICT,
					"%d kills are in force: lift some first", MAX_KILLS);
		else
			answer_empty(w->request);
		request_resume(w->request);
	}
	work_free(w);
}

/* A new one, from now on for so long (0: until it is lifted). */
static struct kill *made(enum kill_kind kind, const char *name, const char *reason, const char *by,
			 int64_t ms)
{
	char id[UUID_LEN + 1];
	int64_t now = clock_wall_ms();
	uuid_new(id);
	struct kill_row row = {.id = id,
			       .kind = (char *)(uintptr_t)kill_kind_name(kind),
			       .name = (char *)(uintptr_t)name,
			       .reason = (char *)(uintptr_t)reason,
			       .by = (char *)(uintptr_t)by,
			       .ts = now,
			       .expires = ms ? now + ms : 0};
	return kill_new(&row);
}

static void push(struct request *r, struct kill_work *w)
{
	static const struct work_kind kind = {apply, done};
	request_suspend(r);
	w->work.kind = &kind;
	w->request = r;
	snprintf(w->by, sizeof w->by, "%s", r->operator_account->name);
	writer_push(r->server->writer, &w->work);
}

static void push_failed(struct request *r, struct kill_work *w)
{
	free(w);
	request_suspend(r);
	answer_unavailable(r);
	request_resume(r);
}

void kill_push(struct request *r, enum kill_kind kind, const char *name, const char *reason, int64_t for_s)
{
	struct kill_work *w = calloc(1, sizeof *w);
	if (!w || !(w->kill = made(kind, name, reason, r->operator_account->name, for_s * 1000))) {
		push_failed(r, w);
		return;
	}
	push(r, w);
}

void unkill_push(struct request *r, const struct kill *kill)
{
	struct kill_work *w = calloc(1, sizeof *w);
	if (!w) {
		push_failed(r, NULL);
		return;
	}
	w->kill = kill_hold((struct kill *)(uintptr_t)kill);
	w->lift = true;
	push(r, w);
}

/* ── of what is revoked ────────────────────────────────────────────────────────────────────────────────── */

struct kill *kill_of_revoked(enum kill_kind kind, const char *name, const char *reason, const char *by)
{
	return made(kind, name, reason, by, REVOKED_MS);
}

/* What is killed already has been carried out on all that runs, and refuses what comes. */
static bool in_force(struct server *server, const struct kill *kill)
{
	struct kill *same = kills_get(server->kills, kill->kind, kill->name);
	kill_release(same);
	return same != NULL;
}

int kill_revoked_keep(struct group *group, struct kill *kill)
{
	return in_force(group->server, kill) ? 0 : keep(group, kill, kill->expires);
}

void kill_revoked_begin(struct server *server, struct kill *kill, struct poll **wake)
{
	struct kill_notes notes = {0};
	if (in_force(server, kill))
		return;
	kills_add(server->kills, kill);
	carry_out(server, kill, &notes, wake);
	kill_notes_push(server, &notes, NULL, NULL);
}

/* ── at start ──────────────────────────────────────────────────────────────────────────────────────────── */

struct loading {
	struct server *server;
	bool failed;
	struct live_list unsure; /* by the first kill that leaves any so */
};

static bool load_one(const struct kill_row *row, void *arg)
{
	struct loading *loading = arg;
	struct kill *kill = kill_new(row);
	if (kill)
		kills_add(loading->server->kills, kill);
	loading->failed = !kill;
	kill_release(kill);
	return !loading->failed;
}

int kills_load(struct server *server, struct store_reader *reader)
{
	struct loading loading = {.server = server};
	if (store_kills(reader, clock_wall_ms(), false, -1, load_one, &loading) || loading.failed) {
		log_line(LOG_LEVEL_ERROR, "the kills in force cannot be loaded", NULL);
		return -1;
	}
	return 0;
}

/* An order that was given before the approver stopped stands, even if its kill has been lifted since. */
static void order_again(const char *command, const struct kill_row *row, bool acknowledged, void *arg)
{
	struct loading *loading = arg;
	struct poll *wake = NULL;
	struct kill_notes notes = {0}; /* stored already */
	struct kill *kill = kill_new(row);
	loading->failed = loading->failed || !kill;
	if (kill)
		live_kill_one(loading->server->live, command, kill, acknowledged, &notes, &wake);
	kill_release(kill);
	kill_notes_finish(&notes);
}

static void resume_one(struct kill *kill, void *arg)
{
	struct loading *loading = arg;
	struct poll *wake = NULL; /* nobody polls yet */
	struct kill_notes notes = {0};
	struct live_list same = {0};
	reach_known(loading->server, kill, &notes, loading->unsure.n ? &same : &loading->unsure, &wake);
	kill_notes_push(loading->server, &notes, NULL, NULL);
	live_list_finish(&same);
}

/* The parents of a command are read once for all kills: a thousand kills that each read those of all commands
 * would take longer than a lease. */
static int resume(struct loading *loading)
{
	struct poll *wake = NULL;
	int failed = kills_each(loading->server->kills, resume_one, loading);
	for (size_t i = 0; i < loading->unsure.n; i++)
		kill_newcomer(loading->server, loading->unsure.at[i].id, &wake);
	live_list_finish(&loading->unsure);
	return failed;
}

int kills_resume(struct server *server, struct store_reader *reader)
{
	struct loading loading = {.server = server};
	if (!store_kill_orders(reader, order_again, &loading) && !loading.failed && !resume(&loading))
		return 0;
	log_line(LOG_LEVEL_ERROR, "the kills in force cannot be taken up again", NULL);
	return -1;
}
