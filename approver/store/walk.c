/* walk.c: the events of the log from one number to another; see walk.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/walk.h"
#include "approver/store/sqlite.h"

static bool everyday(enum event_kind kind)
{
	return kind == EVENT_COMMAND_REQUESTED || kind == EVENT_COMMAND_DECIDED ||
	       kind == EVENT_COMMAND_OUTCOME;
}

int store_walk(struct store_reader *reader, int64_t from, int64_t to, store_walk_fn *fn, void *arg)
{
	/* The body comes last, and is not read where the kind says that nobody wants it. */
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT n,kind,ms,body FROM events WHERE n>=? AND n<? ORDER BY n");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	if (s) {
		sqlite3_bind_int64(s, 1, from);
		sqlite3_bind_int64(s, 2, to);
	}
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		enum event_kind kind = (enum event_kind)sqlite3_column_int(s, 1);
		const char *body = everyday(kind) ? NULL : sqlite3_column_blob(s, 3);
		size_t len = body ? (size_t)sqlite3_column_bytes(s, 3) : 0;
		more = fn(sqlite3_column_int64(s, 0), kind, sqlite3_column_int64(s, 2), body ? body : "", len,
			  arg);
	}
	return reader_listed(reader, s, code);
}
