/* write.c: what changes inside a group.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"
#include "approver/store/command_note.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int64_t store_next_index(const struct store *store)
{
	return store->next;
}

static int found_by(struct store *store, const char *subject, int64_t n)
{
	sqlite3_stmt *s = statement_use(store, ST_SUBJECT_PUT);
	text(s, 1, subject);
	sqlite3_bind_int64(s, 2, n);
	return statement_finish(store, s, "an event's subject is kept");
}

/* 0 when the row has none yet. */
static int outcome_at(struct store *store, const char *command, int64_t n)
{
	sqlite3_stmt *s = statement_use(store, ST_OUTCOME_AT);
	sqlite3_bind_int64(s, 1, n);
	text(s, 2, command);
	if (statement_finish(store, s, "an outcome's place is kept"))
		return -1;
	return sqlite3_changes(store->db) ? 0 : found_by(store, command, n);
}

int event_keep(struct store *store, int64_t n, enum event_kind kind, int64_t ms, const char *subject)
{
	if (kind == EVENT_ALERT) {
		sqlite3_stmt *s = statement_use(store, ST_ALERT_PUT);
		sqlite3_bind_int64(s, 1, n);
		sqlite3_bind_int64(s, 2, ms);
		if (statement_finish(store, s, "an alert is kept"))
			return -1;
	}
	if (kind == EVENT_COMMAND_REQUESTED) {
		store->request = n;
		return 0;
	}
	if (!subject || kind == EVENT_COMMAND_DECIDED)
		return 0; /* the command's row says where its decision is */
	return kind == EVENT_COMMAND_OUTCOME ? outcome_at(store, subject, n) : found_by(store, subject, n);
}

int64_t store_append(struct store *store, enum event_kind kind, int64_t ms, const char *subject,
		     const void *body, size_t len)
{
	if (pending_add(&store->pending, store->next, kind, ms, subject, body, len) ||
	    event_keep(store, store->next, kind, ms, subject))
		return -1;
	return store->next++;
}

/* The command's note stands for its session's. */
static void forget_session(struct store *store)
{
	struct buf *rows = &store->pending.rows;
	size_t end = store->session_at + store->session_len;
	if (!store->session_len || rows->failed)
		return;
	if (store->session_at == 0 && end < rows->len)
		end++; /* the comma after it */
	memmove(rows->data + store->session_at, rows->data + end, rows->len - end);
	pending_cut(rows, rows->len - (end - store->session_at));
	store->session_len = 0;
}

static bool put_name(struct store *store, sqlite3_stmt *s, int at, const char *value)
{
	int64_t number = name_number(store, value);
	sqlite3_bind_int64(s, at, number);
	return number >= 0;
}

int store_command_insert(struct store *store, const struct command_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_COMMAND_INSERT);
	int at = 0;
#define PUT_TEXT(name) text(s, ++at, row->name);
#define PUT_NAME(name)                                                                                       \
	if (!put_name(store, s, ++at, row->name == row->chain && row->chain_since ? NULL : row->name))       \
		return -1;
#define PUT_INTEGER(name) sqlite3_bind_int64(s, ++at, (int64_t)row->name);
#define PUT_BYTES(name)                                                                                      \
	sqlite3_bind_blob64(s, ++at, row->name ? row->name : "", row->name##_len, SQLITE_STATIC);
	COMMAND_COLUMNS(PUT_TEXT, PUT_NAME, PUT_INTEGER, PUT_BYTES)
	sqlite3_bind_int64(s, ++at, store->request);
	if (statement_finish(store, s, "a command is kept"))
		return -1;
	if (!sqlite3_changes(store->db))
		return 1;
	store->unindexed++;
	if (store->replaying)
		return 0;
	if (row->as_signed & ROW_REQUEST)
		forget_session(store);
	command_note(&store->pending.rows, row);
	return 0;
}

int store_command_decide(struct store *store, const struct command_row *row)
{
	int64_t indexed;
	if (index_forget(store, row->id, &indexed))
		return -1;
	struct change change;
	change_begin(&change, store, ST_COMMAND_DECIDE);
	change_number(&change, (int)row->state);
	change_name(&change, row->verdict);
	change_name(&change, row->cause);
	change_name(&change, row->rule);
	change_name(&change, row->policy);
	change_text(&change, row->reason);
	change_name(&change, row->reviewers);
	change_number(&change, row->decided);
	change_number(&change, row->log_index);
	change_text(&change, row->id);
	if (change_make(&change, "a decision is kept") < 0)
		return -1;
	change_signed(&change, row->as_signed & ROW_DECISION);
	return indexed ? index_again(store, row->id) : 0;
}

int store_command_outcome(struct store *store, const struct command_row *row)
{
	struct change change;
	change_begin(&change, store, ST_COMMAND_OUTCOME);
	change_number(&change, (int)row->state);
	change_number(&change, row->has_exit);
	change_number(&change, row->exit);
	change_name(&change, row->signal);
	change_name(&change, row->outcome);
	change_name(&change, row->outcome_reason);
	change_number(&change, row->started);
	change_number(&change, row->ended);
	change_text(&change, row->id);
	if (change_make(&change, "an outcome is kept") < 0)
		return -1;
	change_signed(&change, row->as_signed & ROW_OUTCOME);
	return 0;
}

int store_review_add(struct store *store, const char *command, const char *operator_name, int64_t ms)
{
	struct change change;
	change_begin(&change, store, ST_REVIEW_ADD);
	change_text(&change, command);
	change_text(&change, operator_name);
	change_number(&change, ms);
	if (change_make(&change, "a review is kept") < 0)
		return -1;
	sqlite3_stmt *s = statement_use(store, ST_REVIEW_COUNT);
	text(s, 1, command);
	int count = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0)
						  : sqlite_failed(store->db, "reviews are counted");
	sqlite3_reset(s);
	return count;
}

int store_agent_put(struct store *store, const struct agent_row *row)
{
	struct change change;
	change_begin(&change, store, ST_AGENT_PUT);
	change_text(&change, row->id);
	change_text(&change, row->owner ? row->owner : "");
	change_number(&change, row->created);
	change_number(&change, row->disabled);
	change_number(&change, row->delegated);
	return change_make(&change, "an agent is kept") < 0 ? -1 : 0;
}

int store_credential_put(struct store *store, const struct credential_row *row)
{
	struct change change;
	change_begin(&change, store, ST_CREDENTIAL_PUT);
	change_text(&change, row->id);
	change_text(&change, row->agent);
	change_bytes(&change, row->key, sizeof row->key);
	change_number(&change, row->issued);
	change_number(&change, row->not_before);
	change_number(&change, row->expires);
	change_number(&change, row->revoked);
	change_number(&change, row->last_used);
	change_text(&change, row->issued_by);
	change_text(&change, row->revoked_by);
	change_text(&change, row->replaces);
	change_text(&change, row->source ? row->source : "operator");
	return change_make(&change, "a credential is kept") < 0 ? -1 : 0;
}

int store_operator_put(struct store *store, const struct operator_row *row)
{
	struct change change;
	change_begin(&change, store, ST_OPERATOR_PUT);
	change_text(&change, row->name);
	change_text(&change, row->role);
	change_text(&change, row->token_s256);
	change_number(&change, row->created);
	change_number(&change, row->disabled);
	return change_make(&change, "an operator is kept") < 0 ? -1 : 0;
}

int store_policy_put(struct store *store, const char *s256, const void *body, size_t len, int64_t ms,
		     const char *by)
{
	struct change change;
	change_begin(&change, store, ST_POLICY_PUT);
	change_text(&change, s256);
	change_bytes(&change, body, len);
	change_number(&change, ms);
	change_text(&change, by);
	return change_make(&change, "a policy is kept") < 0 ? -1 : 0;
}
