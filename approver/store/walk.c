/* walk.c: the log from one place on, in its own order.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>

int store_walk(struct store_reader *reader, int64_t after, bool (*fn)(const struct store_event *, void *),
	       void *arg)
{
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT n,kind,ms,subject,body FROM events WHERE n>? ORDER BY n");
	struct buf body BUF_AUTO = BUF_INIT;
	int code = SQLITE_ROW;
	bool more = s != NULL;
	if (s)
		sqlite3_bind_int64(s, 1, after);
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const void *bytes = sqlite3_column_blob(s, 4);
		size_t len = (size_t)sqlite3_column_bytes(s, 4);
		buf_clear(&body);
		buf_add(&body, len ? bytes : "", len);
		struct store_event event = {.index = sqlite3_column_int64(s, 0),
					    .kind = (enum event_kind)sqlite3_column_int(s, 1),
					    .ms = sqlite3_column_int64(s, 2),
					    .subject = (const char *)sqlite3_column_text(s, 3),
					    .body = body.data ? body.data : "",
					    .len = len};
		if (body.failed)
			code = SQLITE_NOMEM;
		more = !body.failed && fn(&event, arg);
	}
	return reader_listed(reader, s, code);
}
