/* kills.c: the kill switch in the store.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/kills.h"
#include "approver/store/change.h"
#include "approver/store/sqlite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILL_NAMES "k.id,k.kind,k.name,k.reason,k.by,k.ts,k.expires,k.lifted,k.lifted_by"

void kill_row_finish(struct kill_row *row)
{
	free(row->id);
	free(row->kind);
	free(row->name);
	free(row->reason);
	free(row->by);
	free(row->lifted_by);
	memset(row, 0, sizeof *row);
}

static void fill(sqlite3_stmt *s, int at, struct kill_row *row)
{
	*row = (struct kill_row){.id = column_text(s, at),
				 .kind = column_text(s, at + 1),
				 .name = column_text(s, at + 2),
				 .reason = column_text(s, at + 3),
				 .by = column_text(s, at + 4),
				 .ts = sqlite3_column_int64(s, at + 5),
				 .expires = sqlite3_column_int64(s, at + 6),
				 .lifted = sqlite3_column_int64(s, at + 7),
				 .lifted_by = column_text(s, at + 8)};
}

/* A row that memory ran out for is no row. */
static bool whole(const struct kill_row *row)
{
	return row->id && row->kind && row->name && row->reason && row->by;
}

static void text(sqlite3_stmt *s, int at, const char *value)
{
	sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
}

/* ── writing ───────────────────────────────────────────────────────────────────────────────────────────── */

int store_kill_put(struct store *store, const struct kill_row *row)
{
	struct change change;
	change_begin(&change, store, ST_KILL_PUT);
	change_text(&change, row->id);
	change_text(&change, row->kind);
	change_text(&change, row->name);
	change_text(&change, row->reason);
	change_text(&change, row->by);
	change_number(&change, row->ts);
	change_number(&change, row->expires);
	return change_make(&change, "a kill is kept") < 0 ? -1 : 0;
}

int store_kill_lift(struct store *store, const char *id, int64_t ms, const char *by)
{
	struct change change;
	change_begin(&change, store, ST_KILL_LIFT);
	change_number(&change, ms);
	change_text(&change, by);
	change_text(&change, id);
	return change_make(&change, "a kill is lifted") < 0 ? -1 : 0;
}

int store_kill_mark(struct store *store, enum kill_mark mark, const char *kill, const char *command,
		    int64_t ms)
{
	struct change change;
	change_begin(&change, store, (enum statement)(ST_KILL_REACHED + (int)mark));
	change_number(&change, ms);
	change_text(&change, command);
	if (mark == KILL_REACHED)
		change_text(&change, kill);
	return change_make(&change, "a kill is kept") < 0 ? -1 : 0;
}

/* ── reading ───────────────────────────────────────────────────────────────────────────────────────────── */

/* The end of a listing; `code` is SQLITE_ROW when its reader had enough. */
static int listed(struct store_reader *reader, sqlite3_stmt *s, int code)
{
	bool good = code == SQLITE_DONE || code == SQLITE_ROW;
	if (!good)
		sqlite_failed(reader->db, "kills are read");
	sqlite3_finalize(s);
	return good ? 0 : -1;
}

int store_kills(struct store_reader *reader, int64_t now, bool all, int limit, store_kill_fn *fn, void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader, all ? "SELECT " KILL_NAMES
			  " FROM kills k ORDER BY lifted=0 AND (expires=0 OR expires>?1) DESC,"
			  "ts DESC,id DESC LIMIT ?2"
			: "SELECT " KILL_NAMES " FROM kills k WHERE lifted=0 AND (expires=0 OR expires>?1) "
			  "ORDER BY ts DESC,id DESC LIMIT ?2");
	int code = SQLITE_ROW;
	bool more = true;
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, now);
	sqlite3_bind_int(s, 2, limit);
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct kill_row row;
		fill(s, 0, &row);
		more = whole(&row) && fn(&row, arg);
		if (!whole(&row))
			code = SQLITE_NOMEM;
		kill_row_finish(&row);
	}
	return listed(reader, s, code);
}

static int one(struct store_reader *reader, sqlite3_stmt *s, struct kill_row *row)
{
	int code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE ? 0 : sqlite_failed(reader->db, "a kill is read");
	fill(s, 0, row);
	if (whole(row))
		return 1;
	kill_row_finish(row);
	return -1;
}

int store_kill(struct store_reader *reader, const char *id, struct kill_row *row)
{
	sqlite3_stmt *s = reader_prepare(reader, "SELECT " KILL_NAMES " FROM kills k WHERE id=?");
	if (!s)
		return -1;
	text(s, 1, id);
	int found = one(reader, s, row);
	sqlite3_finalize(s);
	return found;
}

int store_kill_targets(struct store_reader *reader, const char *kill, store_kill_target_fn *fn, void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader,
	    "SELECT t.command," NAME_OF(agent) "," NAME_OF(host) "," NAME_OF(outcome) "," NAME_OF(
		outcome_reason) "," NAME_OF(signal) ",c.state,c.has_exit,"
						    "c.exit,c.decided,c.ended,t.reached,t.told,t."
						    "acknowledged,t.left_ms,t.over,t.lapsed FROM "
						    "kill_targets t JOIN commands c ON c.id=t.command WHERE "
						    "t.kill=? ORDER BY t.command");
	int code = SQLITE_ROW;
	bool more = true;
	if (!s)
		return -1;
	text(s, 1, kill);
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		/* Read in place: the statement owns the texts until its next step. */
		char *texts[6];
		for (int i = 0; i < 6; i++)
			texts[i] = (char *)(uintptr_t)sqlite3_column_text(s, i);
		struct kill_target_row row = {.command = texts[0],
					      .agent = texts[1],
					      .host = texts[2],
					      .outcome = texts[3],
					      .outcome_reason = texts[4],
					      .signal = texts[5],
					      .state = (enum command_state)sqlite3_column_int(s, 6),
					      .has_exit = sqlite3_column_int(s, 7) != 0,
					      .exit = sqlite3_column_int(s, 8),
					      .decided = sqlite3_column_int64(s, 9),
					      .ended = sqlite3_column_int64(s, 10),
					      .reached = sqlite3_column_int64(s, 11),
					      .told = sqlite3_column_int64(s, 12),
					      .acknowledged = sqlite3_column_int64(s, 13),
					      .left_ms = sqlite3_column_int64(s, 14),
					      .over = sqlite3_column_int64(s, 15),
					      .lapsed = sqlite3_column_int64(s, 16)};
		more = row.command && fn(&row, arg);
	}
	return listed(reader, s, code);
}

#define SELECT_ORDERS                                                                                        \
	"SELECT " KILL_NAMES ",t.command,t.acknowledged FROM kill_targets t JOIN kills k ON k.id=t.kill "

int store_kill_orders(struct store_reader *reader, store_kill_order_fn *fn, void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader, SELECT_ORDERS "JOIN commands c ON c.id=t.command WHERE c.state=1 AND c.state<2 ORDER BY "
				  "t.reached");
	int code = SQLITE_ROW;
	if (!s)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct kill_row row;
		fill(s, 0, &row);
		const char *command = (const char *)sqlite3_column_text(s, 9);
		if (!whole(&row) || !command) {
			kill_row_finish(&row);
			code = SQLITE_NOMEM;
			break;
		}
		fn(command, &row, sqlite3_column_int64(s, 10) != 0, arg);
		kill_row_finish(&row);
	}
	return listed(reader, s, code);
}

int store_kill_order(struct store_reader *reader, const char *command, struct kill_row *row,
		     bool *acknowledged)
{
	sqlite3_stmt *s =
	    reader_prepare(reader, SELECT_ORDERS "WHERE t.command=? ORDER BY t.reached LIMIT 1");
	if (!s)
		return -1;
	text(s, 1, command);
	int found = one(reader, s, row);
	*acknowledged = found == 1 && sqlite3_column_int64(s, 10) != 0;
	sqlite3_finalize(s);
	return found;
}

int store_parent(struct store_reader *reader, const char *command, char session[37], char parent[37])
{
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT " NAME_OF(session) ",c.parent FROM commands c WHERE c.id=?");
	if (!s)
		return -1;
	text(s, 1, command);
	int code = sqlite3_step(s);
	int found = code == SQLITE_ROW    ? 1
		    : code == SQLITE_DONE ? 0
					  : sqlite_failed(reader->db, "a parent is looked up");
	if (found == 1) {
		const char *of = (const char *)sqlite3_column_text(s, 0),
			   *above = (const char *)sqlite3_column_text(s, 1);
		snprintf(session, 37, "%s", of ? of : "");
		snprintf(parent, 37, "%s", above ? above : "");
	}
	sqlite3_finalize(s);
	return found;
}
