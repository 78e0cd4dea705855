/* index.c: what store_who searches, made while nobody waits.
 *
 * The idea.  A command's row is wide, and every index on it would be paid for while a shell waits.  So the
 * writer keeps the row alone, and when it has nothing else to do copies what can be asked for into two
 * narrow places: `facets`, one row of small numbers a command (each text is kept once, in `names`), and
 * `words`, the trigrams of line, task and reason (FTS5; it has the numbers of commands only, and who.c
 * looks again at the text itself).
 *
 * Invariants: facets holds exactly the commands up to the newest one it holds, and words the same ones.
 * What is newer is read from the commands themselves, so that an answer is whole however far this is
 * behind.  A decision that comes after (a person's) changes both places in its own group.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

/* The row of ST_INDEX_NEXT: n, ts, the eight facets, line, task, reason. */
enum { AT_NAMES = 2, NAMES = 8, AT_TEXTS = AT_NAMES + NAMES, TEXTS = 3 };

static int index_one(struct store *store, sqlite3_stmt *row)
{
	sqlite3_stmt *s = statement_use(store, ST_FACETS_PUT);
	sqlite3_bind_int64(s, 1, sqlite3_column_int64(row, 0));
	sqlite3_bind_int64(s, 2, sqlite3_column_int64(row, 1));
	for (int i = 0; i < NAMES; i++)
		sqlite3_bind_int64(s, AT_NAMES + i + 1, sqlite3_column_int64(row, AT_NAMES + i));
	if (statement_finish(store, s, "a command is indexed"))
		return -1;
	s = statement_use(store, ST_WORDS_PUT);
	sqlite3_bind_int64(s, 1, sqlite3_column_int64(row, 0));
	for (int i = 0; i < TEXTS; i++)
		sqlite3_bind_value(s, i + 2, sqlite3_column_value(row, AT_TEXTS + i));
	return statement_finish(store, s, "a command's words are indexed");
}

static int index_rows(struct store *store, int max)
{
	sqlite3_stmt *rows = statement_use(store, ST_INDEX_NEXT);
	sqlite3_bind_int(rows, 1, max);
	int code, result = 0;
	while (!result && (code = sqlite3_step(rows)) == SQLITE_ROW)
		result = index_one(store, rows);
	if (!result && code != SQLITE_DONE)
		result = sqlite_failed(store->db, "commands are read to be indexed");
	sqlite3_reset(rows);
	return result;
}

int64_t store_unindexed(const struct store *store)
{
	return store->unindexed;
}

int64_t index_backlog(sqlite3 *db)
{
	return sqlite_number(db, "SELECT coalesce((SELECT max(n) FROM commands),0) - "
				 "coalesce((SELECT max(n) FROM facets),0)");
}

int64_t store_index_some(struct store *store, int max)
{
	if (store_begin(store))
		return -1;
	if (index_rows(store, max)) {
		store_rollback(store);
		return -1;
	}
	if (store_commit(store))
		return -1;
	return store->unindexed = index_backlog(store->db);
}

int index_forget(struct store *store, const char *id, int64_t *n)
{
	*n = 0;
	sqlite3_stmt *row = statement_use(store, ST_INDEXED_GET);
	sqlite3_bind_text(row, 1, id, -1, SQLITE_STATIC);
	int code = sqlite3_step(row), result = 0;
	if (code == SQLITE_ROW) {
		*n = sqlite3_column_int64(row, 0);
		sqlite3_stmt *s = statement_use(store, ST_WORDS_DROP);
		sqlite3_bind_int64(s, 1, *n);
		for (int i = 0; i < TEXTS; i++)
			sqlite3_bind_value(s, i + 2, sqlite3_column_value(row, AT_TEXTS + i));
		result = statement_finish(store, s, "a command's words are forgotten");
		s = statement_use(store, ST_FACETS_DROP);
		sqlite3_bind_int64(s, 1, *n);
		if (!result)
			result = statement_finish(store, s, "a command's facets are forgotten");
	} else if (code != SQLITE_DONE) {
		result = sqlite_failed(store->db, "an indexed command is looked up");
	}
	sqlite3_reset(row);
	return result;
}

int index_again(struct store *store, const char *id)
{
	sqlite3_stmt *row = statement_use(store, ST_COMMAND_TEXTS);
	sqlite3_bind_text(row, 1, id, -1, SQLITE_STATIC);
	int code = sqlite3_step(row);
	int result = code == SQLITE_ROW ? index_one(store, row)
					: sqlite_failed(store->db, "a command is indexed again");
	sqlite3_reset(row);
	return result;
}
