/* events.c: events, read from the log's leaves.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int leaf_read(struct store_reader *reader, int64_t index, struct leaf *leaf, struct buf *text)
{
	int found = log_entry_read(reader->log, index, text);
	*leaf = (struct leaf){0};
	if (found != 1)
		return found < 0 ? -1 : 0; /* not there, or archived */
	return leaf_open(reader->log, reader->seal, index, text->data, text->len, text, leaf);
}

int store_event(struct store_reader *reader, int64_t index, enum event_kind *kind, int64_t *ms, char **body,
		size_t *len)
{
	struct buf text BUF_AUTO = BUF_INIT;
	struct leaf leaf;
	int found = leaf_read(reader, index, &leaf, &text);
	*body = NULL;
	if (found == 1) {
		*kind = leaf.kind;
		*ms = leaf.ms;
		*len = leaf.body_len;
		*body = strndup(leaf.body ? leaf.body : "", leaf.body_len);
	}
	leaf_finish(&leaf);
	return found == 1 && !*body ? -1 : found;
}

int store_permit(struct store_reader *reader, const struct command_row *row, char **permit)
{
	enum event_kind kind;
	int64_t ms;
	size_t len;
	*permit = NULL;
	if (row->state == COMMAND_PENDING)
		return 0;
	int found = store_event(reader, row->log_index, &kind, &ms, permit, &len);
	if (found != 1 || kind == EVENT_COMMAND_DECIDED)
		return found;
	free(*permit);
	*permit = NULL;
	errno = EIO;
	return -1;
}

/* Where the events about a subject are, in order; -1 after logging. */
static int indexes_of(struct store_reader *reader, const char *subject, int64_t **list)
{
	sqlite3_stmt *s = reader_prepare(
	    reader,
	    "SELECT n FROM subjects WHERE subject=?1 UNION SELECT request_at FROM commands WHERE id=?1 "
	    "UNION SELECT log_index FROM commands WHERE id=?1 UNION SELECT outcome_at FROM commands "
	    "WHERE id=?1 ORDER BY 1");
	int n = 0, code = SQLITE_ROW;
	*list = NULL;
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, subject, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t *more = realloc(*list, (size_t)(n + 1) * sizeof **list);
		if (!more)
			break;
		*list = more;
		more[n] = sqlite3_column_int64(s, 0);
		n += more[n] >= 0;
	}
	if (reader_listed(reader, s, code == SQLITE_ROW ? SQLITE_NOMEM : code)) {
		free(*list);
		*list = NULL;
		return -1;
	}
	return n;
}

int store_events_of(struct store_reader *reader, const char *subject,
		    bool (*fn)(int64_t, enum event_kind, int64_t, const char *, size_t, void *), void *arg)
{
	int64_t *list;
	int n = indexes_of(reader, subject, &list), found = n < 0 ? -1 : 1;
	bool more = true;
	for (int i = 0; more && found == 1 && i < n; i++) {
		enum event_kind kind;
		int64_t ms;
		char *body;
		size_t len;
		found = store_event(reader, list[i], &kind, &ms, &body, &len);
		if (found == 1)
			more = fn(list[i], kind, ms, body, len, arg);
		else if (found == 0)
			found = 1; /* archived: what is left is told */
		free(body);
	}
	free(list);
	return found < 0 ? -1 : 0;
}
