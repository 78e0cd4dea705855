/* replay.c: the tables made again from the log's leaves, one after the other.
 *
 * A leaf's message says part of what the tables hold, its notes the rest (change.h, command_note.h).  A
 * command that was decided at once has its note on its decision's leaf, which follows its request's: so the
 * last request is kept.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"
#include "approver/store/command_note.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 2000 }; /* leaves in one transaction */

/* The request that was read last; by one thread, the writer's. */
struct request {
	struct command_row row;
	struct derived derived;
	struct buf jws;
	bool read;
};

struct replay {
	struct store *store;
	struct request request;
	int64_t n, end, done;
	bool session_noted; /* by the leaf at hand */
	int result;
	store_progress *progress;
	void *arg;
};

static void request_forget(struct request *request)
{
	derived_finish(&request->derived);
	buf_finish(&request->jws);
	*request = (struct request){0};
}

static bool request_keep(struct replay *replay, const struct leaf *leaf)
{
	struct request *request = &replay->request;
	request_forget(request);
	buf_add(&request->jws, leaf->body, leaf->body_len);
	replay->store->request = leaf->n;
	/* One that is not to be read is noted in full. */
	request->read = !request->jws.failed &&
			derive_command(&request->row, &request->derived, request->jws.data, request->jws.len);
	return !request->jws.failed;
}

static int put_session(struct replay *replay, const struct command_row *row)
{
	struct change change;
	if (replay->session_noted)
		return 0;
	change_begin(&change, replay->store, ST_SESSION_PUT);
	change_text(&change, row->session);
	change_text(&change, row->agent);
	change_text(&change, row->credential);
	change_number(&change, row->seq);
	change_text(&change, row->model);
	change_text(&change, NULL);
	change_text(&change, NULL);
	return change_make(&change, "a session is made again") < 0 ? -1 : 0;
}

/* "asked", "answered" or "command". */
static int put_command(struct replay *replay, const struct leaf *leaf, const char *name, const cJSON *note)
{
	struct derived decided = {0};
	struct buf bytes BUF_AUTO = BUF_INIT;
	bool whole = !strcmp(name, "command"), at_once = !strcmp(name, "answered");
	const struct request *request = &replay->request;
	struct command_row row = whole ? (struct command_row){0} : request->row;
	bool good = whole || request->read;
	if (good && at_once) {
		row.decided = leaf->ms;
		good = leaf->kind == EVENT_COMMAND_DECIDED &&
		       derive_decision(&row, &decided, leaf->body, leaf->body_len);
	} else if (!whole) {
		row.log_index = replay->store->request;
	}
	int result = !good || !command_noted(&row, note, &bytes) ? -1 : 0;
	if (!result && !whole)
		result = put_session(replay, &row);
	if (!result && store_command_insert(replay->store, &row) < 0)
		result = -1;
	derived_finish(&decided);
	return result;
}

/* A note that is a name alone: the leaf's message says it. */
static int put_message(struct replay *replay, const struct leaf *leaf, const char *name)
{
	struct command_row row = {0};
	struct derived derived = {0};
	int result = -1;
	if (!strcmp(name, "decide") && leaf->kind == EVENT_COMMAND_DECIDED) {
		row.decided = leaf->ms;
		if (derive_decision(&row, &derived, leaf->body, leaf->body_len))
			result = store_command_decide(replay->store, &row);
	} else if (!strcmp(name, "outcome") && leaf->kind == EVENT_COMMAND_OUTCOME) {
		if (derive_outcome(&row, &derived, leaf->body, leaf->body_len))
			result = store_command_outcome(replay->store, &row);
	}
	derived_finish(&derived);
	return result;
}

static int put_row(struct replay *replay, const struct leaf *leaf, const cJSON *row)
{
	const cJSON *name = cJSON_GetArrayItem(row, 0), *note = cJSON_GetArrayItem(row, 1);
	if (!cJSON_IsString(name))
		return -1;
	const char *table = name->valuestring;
	if (!note)
		return put_message(replay, leaf, table);
	if (!strcmp(table, "answered") || !strcmp(table, "asked") || !strcmp(table, "command"))
		return put_command(replay, leaf, table, note);
	replay->session_noted = replay->session_noted || !strcmp(table, "session");
	return change_again(replay->store, table, note);
}

static int put_leaf(struct replay *replay, const struct leaf *leaf)
{
	replay->session_noted = false;
	if (leaf->kind == EVENT_COMMAND_REQUESTED && !request_keep(replay, leaf))
		return -1;
	/* As store_append was told; of a request and a decision the command's row says where they are. */
	bool by_row = leaf->kind == EVENT_COMMAND_REQUESTED || leaf->kind == EVENT_COMMAND_DECIDED;
	char *named = by_row ? NULL : event_signed_subject(leaf->kind, leaf->body, leaf->body_len);
	int result = event_keep(replay->store, leaf->n, leaf->kind, leaf->ms, named ? named : leaf->subject);
	free(named);
	const cJSON *change;
	if (!result)
		cJSON_ArrayForEach(change, leaf->rows)
		{
			result = put_row(replay, leaf, change);
			if (result)
				break;
		}
	return result;
}

static int put_text(struct replay *replay, int64_t n, const char *text, size_t len)
{
	struct leaf leaf = {0};
	struct buf clear BUF_AUTO = BUF_INIT;
	int result =
	    leaf_open(replay->store->log, replay->store->seal, n, text, len, &clear, &leaf) == 1 ? 0 : -1;
	if (!result)
		result = put_leaf(replay, &leaf);
	if (result) {
		char number[24];
		snprintf(number, sizeof number, "%" PRId64, n);
		log_line(LOG_LEVEL_ERROR, "a leaf of the log cannot be taken into the tables", "index",
			 number, NULL);
	}
	leaf_finish(&leaf);
	return result;
}

static int set_applied(struct store *store, int64_t n)
{
	sqlite3_stmt *s = statement_use(store, ST_APPLIED);
	sqlite3_bind_int64(s, 1, n);
	return statement_finish(store, s, "what is applied is kept");
}

/* Leaves in groups of their own transactions. */
static bool one(int64_t n, const char *text, size_t len, void *arg)
{
	struct replay *replay = arg;
	struct store *store = replay->store;
	if (sqlite3_get_autocommit(store->db))
		replay->result =
		    statement_finish(store, statement_use(store, ST_BEGIN), "leaves are applied");
	if (!replay->result)
		replay->result = put_text(replay, n, text, len);
	if (!replay->result && (++replay->done % GROUP == 0 || n + 1 == replay->end)) {
		replay->result = set_applied(store, n + 1);
		if (!replay->result)
			replay->result =
			    statement_finish(store, statement_use(store, ST_COMMIT), "leaves are applied");
		if (replay->progress && !replay->result)
			replay->progress(n + 1, replay->end, replay->arg);
	}
	return !replay->result;
}

int replay_rest(struct store *store, store_progress *progress, void *arg)
{
	int64_t from = sqlite_number(store->db, "SELECT n FROM applied");
	struct replay replay = {
	    .store = store, .end = log_size(store->log), .progress = progress, .arg = arg};
	if (from < 0)
		return sqlite_failed(store->db, "what is applied is read");
	if (from > replay.end) {
		log_line(LOG_LEVEL_ERROR,
			 "the tables hold more than the log: was the log replaced by an older one?", NULL);
		errno = EIO;
		return -1;
	}
	if (from == replay.end)
		return 0;
	store->replaying = true;
	int result = log_each(store->log, from, replay.end, one, &replay);
	store->replaying = false;
	request_forget(&replay.request);
	int saved = errno;
	if (!sqlite3_get_autocommit(store->db))
		statement_finish(store, statement_use(store, ST_ROLLBACK), "leaves are taken back");
	errno = saved;
	return result || replay.result ? -1 : 0;
}
