/* alert.c: alerts: events like any other, and a short table that finds them again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"

int64_t store_alert_add(struct store *store, int64_t ms, const char *subject, const void *body, size_t len)
{
	int64_t index = store_append(store, EVENT_ALERT, ms, subject, body, len);
	if (index < 0)
		return -1;
	sqlite3_stmt *s = statement_use(store, ST_ALERT_PUT);
	sqlite3_bind_int64(s, 1, index);
	sqlite3_bind_int64(s, 2, ms);
	return statement_finish(store, s, "an alert is kept") ? -1 : index;
}

int store_alerts(struct store_reader *reader, int64_t since, int limit,
		 bool (*fn)(int64_t, int64_t, const char *, size_t, void *), void *arg)
{
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT a.n,a.ms,e.body FROM alerts a JOIN events e ON e.n=a.n "
				   "WHERE a.ms>=? ORDER BY a.n DESC LIMIT ?");
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, since);
	sqlite3_bind_int(s, 2, limit);
	int code = SQLITE_ROW;
	bool more = true;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *body = sqlite3_column_blob(s, 2);
		more = fn(sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), body ? body : "",
			  (size_t)sqlite3_column_bytes(s, 2), arg);
	}
	int result = !more || code == SQLITE_DONE ? 0 : sqlite_failed(reader->db, "alerts are read");
	sqlite3_finalize(s);
	return result;
}

int64_t store_alert_count(struct store_reader *reader, int64_t since)
{
	sqlite3_stmt *s = reader_prepare(reader, "SELECT count(*) FROM alerts WHERE ms>=?");
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, since);
	int64_t count = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0)
						      : sqlite_failed(reader->db, "alerts are counted");
	sqlite3_finalize(s);
	return count;
}
