/* walk.c: the log from one place on, in its own order.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

/* A signed message names what it is about itself; the leaf does not say it again. */
static char *subject_of(const struct leaf *leaf)
{
	if (leaf_is_signed(leaf->kind))
		return event_signed_subject(leaf->kind, leaf->body, leaf->body_len);
	return leaf->subject ? strdup(leaf->subject) : NULL;
}

/* Hand out one event: 1 to go on, 0 to stop, -1 on error. */
static int one(struct store_reader *reader, int64_t index, bool (*fn)(const struct store_event *, void *),
	       void *arg)
{
	struct buf text BUF_AUTO = BUF_INIT;
	struct leaf leaf;
	int found = leaf_read(reader, index, &leaf, &text);
	if (found == 1) {
		/* The message of a body is a part of the leaf's text, and has no end of its own. */
		char *subject = subject_of(&leaf), *body = strndup(leaf.body ? leaf.body : "", leaf.body_len);
		struct store_event event = {.index = index,
					    .ms = leaf.ms,
					    .kind = leaf.kind,
					    .subject = subject,
					    .body = body,
					    .len = leaf.body_len};
		found = !body ? -1 : fn(&event, arg);
		free(subject);
		free(body);
	} else if (found == 0) {
		const struct store_event event = {
		    .index = index, .kind = EVENT_NOTED, .body = "", .archived = true};
		found = fn(&event, arg);
	}
	leaf_finish(&leaf);
	return found;
}

int store_walk(struct store_reader *reader, int64_t after, bool (*fn)(const struct store_event *, void *),
	       void *arg)
{
	int64_t end = sqlite_number(reader->db, "SELECT n FROM applied");
	int more = end < 0 ? -1 : 1;
	for (int64_t index = after + 1; more == 1 && index < end; index++)
		more = one(reader, index, fn, arg);
	return more < 0 ? -1 : 0;
}

struct between {
	int64_t after, end;
	bool found;
};

static bool is_end(int64_t index, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct between *between = arg;
	(void)ms;
	(void)body;
	(void)len;
	between->found = (kind == EVENT_COMMAND_UNKNOWN || kind == EVENT_COMMAND_OUTCOME) &&
			 index > between->after && index < between->end;
	return !between->found;
}

int store_ended_between(struct store_reader *reader, const char *command, int64_t after, int64_t end)
{
	struct between between = {after, end, false};
	if (!reader->outcome_at)
		reader->outcome_at = reader_prepare(reader, "SELECT outcome_at FROM commands WHERE id=?");
	sqlite3_stmt *s = reader->outcome_at;
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, command, -1, SQLITE_STATIC);
	int code = sqlite3_step(s);
	int64_t at = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_failed(reader->db, "an outcome is looked for");
	if (at > after && at < end)
		return 1;
	/* Nearly always the first outcome is the only one; else all of them are looked at. */
	return store_events_of(reader, command, is_end, &between) ? -1 : between.found;
}
