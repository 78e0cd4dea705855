/* neighbours.c: the commands next to one in its session; the index of sessions, and what is not in it yet.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/neighbours.h"
#include "approver/store/sqlite.h"
#include <stdlib.h>

enum { MOST = 100 };

#define INDEXED "(SELECT coalesce(max(n),0) FROM facets)"
#define SESSION "(SELECT id FROM names WHERE text=?1)"
#define OF_SESSION "f.session=" SESSION " AND f.n>0"

/* Those on one side from the index, and those that it has not got to; each walks from the command away. */
static const char *const earlier[] = {"SELECT n FROM commands WHERE n>" INDEXED
				      " AND n<?2 AND session=" SESSION " ORDER BY n DESC LIMIT ?3",
				      "SELECT f.n FROM facets f INDEXED BY facets_session WHERE " OF_SESSION
				      " AND f.n<?2 ORDER BY f.n DESC LIMIT ?3"};
static const char *const later[] = {"SELECT f.n FROM facets f INDEXED BY facets_session WHERE " OF_SESSION
				    " AND f.n>?2 ORDER BY f.n LIMIT ?3",
				    "SELECT n FROM commands WHERE n>" INDEXED " AND n>?2 AND session=" SESSION
				    " ORDER BY n LIMIT ?3"};

struct numbers {
	int64_t list[MOST];
	int n;
};

static int find(struct store_reader *reader, const char *sql, const char *session, int64_t from, int most,
		struct numbers *numbers)
{
	sqlite3_stmt *s = reader_prepare(reader, sql);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, session, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, from);
	sqlite3_bind_int(s, 3, most - numbers->n);
	int code;
	while ((code = sqlite3_step(s)) == SQLITE_ROW && numbers->n < most)
		numbers->list[numbers->n++] = sqlite3_column_int64(s, 0);
	return reader_listed(reader, s, code);
}

/* Hand out the commands of these numbers, first to last or last to first. */
static int tell(struct store_reader *reader, const struct numbers *numbers, bool backward,
		store_command_fn *fn, void *arg)
{
	int result = 0;
	for (int i = 0; i < numbers->n && !result; i++) {
		sqlite3_stmt *s =
		    reader_prepare(reader, "SELECT " COMMAND_READ " FROM commands c WHERE c.n=?");
		if (!s)
			return -1;
		sqlite3_bind_int64(s, 1, numbers->list[backward ? numbers->n - 1 - i : i]);
		int code = sqlite3_step(s);
		if (code == SQLITE_ROW) {
			struct command_row row;
			command_fill(s, &row);
			fn(&row, arg);
			command_row_finish(&row);
		}
		result = reader_listed(reader, s, code);
	}
	return result;
}

static int number_of(struct store_reader *reader, const char *id, int64_t *n)
{
	sqlite3_stmt *s = reader_prepare(reader, "SELECT n FROM commands WHERE id=?");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	int code = sqlite3_step(s);
	*n = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	return reader_listed(reader, s, code);
}

int store_neighbours(struct store_reader *reader, const struct command_row *row, int each,
		     store_command_fn *before, store_command_fn *after, void *arg)
{
	struct numbers earlier_ones = {.n = 0}, later_ones = {.n = 0};
	int64_t n;
	int most = each < MOST ? each : MOST;
	if (!row->session || number_of(reader, row->id, &n))
		return row->session ? -1 : 0;
	/* One transaction: the indexer moves on meanwhile. */
	int result = sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
			 ? 0
			 : sqlite_failed(reader->db, "neighbours are looked for");
	for (int i = 0; i < 2 && !result && n >= 0; i++) {
		result = find(reader, earlier[i], row->session, n, most, &earlier_ones);
		if (!result)
			result = find(reader, later[i], row->session, n, most, &later_ones);
	}
	if (!result)
		result = tell(reader, &earlier_ones, true, before, arg);
	if (!result)
		result = tell(reader, &later_ones, false, after, arg);
	if (!sqlite3_get_autocommit(reader->db))
		sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
