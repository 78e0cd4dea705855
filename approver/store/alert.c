/* alert.c: alerts: events like any other, and a short table that finds them again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>

int64_t store_alert_add(struct store *store, int64_t ms, const char *subject, const void *body, size_t len)
{
	return store_append(store, EVENT_ALERT, ms, subject, body, len);
}

int store_alerts(struct store_reader *reader, int64_t since, int limit,
		 bool (*fn)(int64_t, int64_t, const char *, size_t, void *), void *arg)
{
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT n,ms FROM alerts WHERE ms>=? ORDER BY n DESC LIMIT ?");
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, since);
	sqlite3_bind_int(s, 2, limit);
	int code = SQLITE_ROW, found = 1;
	bool more = true;
	while (more && found == 1 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		enum event_kind kind;
		int64_t ms;
		char *body;
		size_t len;
		found = store_event(reader, sqlite3_column_int64(s, 0), &kind, &ms, &body, &len);
		if (found != 1)
			continue;
		more = fn(sqlite3_column_int64(s, 0), ms, body, len, arg);
		free(body);
	}
	return reader_listed(reader, s, code) || found < 0 ? -1 : 0;
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
