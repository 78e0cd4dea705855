/* write.c: what changes inside a group.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int64_t store_next_index(const struct store *store)
{
	return store->next;
}

int64_t store_append(struct store *store, enum event_kind kind, int64_t ms, const char *subject,
		     const void *body, size_t len)
{
	sqlite3_stmt *statement = statement_use(store, ST_APPEND);
	sqlite3_bind_int64(statement, 1, store->next);
	sqlite3_bind_int(statement, 2, (int)kind);
	sqlite3_bind_int64(statement, 3, ms);
	text(statement, 4, subject);
	sqlite3_bind_blob64(statement, 5, body ? body : "", len, SQLITE_STATIC);
	if (statement_finish(store, statement, "an event is logged"))
		return -1;
	return store->next++;
}

int store_session_next(struct store *store, const char *session, const char *agent, const char *credential,
		       const char *model, int64_t *seq, char **last_model)
{
	sqlite3_stmt *statement = statement_use(store, ST_SESSION_GET);
	text(statement, 1, session);
	int code = sqlite3_step(statement);
	*last_model = NULL;
	*seq = 1;
	bool ours = true;
	if (code == SQLITE_ROW) {
		const char *bound = (const char *)sqlite3_column_text(statement, 0);
		ours = bound && !strcmp(bound, credential);
		*seq = sqlite3_column_int64(statement, 1) + 1;
		*last_model = ours ? column_text(statement, 2) : NULL;
	}
	sqlite3_reset(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_failed(store->db, "a session is looked up");
	if (!ours)
		return 0;
	statement = statement_use(store, ST_SESSION_PUT);
	text(statement, 1, session);
	text(statement, 2, agent);
	text(statement, 3, credential);
	sqlite3_bind_int64(statement, 4, *seq);
	text(statement, 5, model);
	if (!statement_finish(store, statement, "a session is kept"))
		return 1;
	free(*last_model);
	*last_model = NULL;
	return -1;
}

int store_command_insert(struct store *store, const struct command_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_COMMAND_INSERT);
	int at = 0;
#define PUT_TEXT(name) text(s, ++at, row->name);
#define PUT_INTEGER(name) sqlite3_bind_int64(s, ++at, (int64_t)row->name);
#define PUT_BYTES(name)                                                                                      \
	sqlite3_bind_blob64(s, ++at, row->name ? row->name : "", row->name##_len, SQLITE_STATIC);
	COMMAND_COLUMNS(PUT_TEXT, PUT_INTEGER, PUT_BYTES)
	if (statement_finish(store, s, "a command is kept"))
		return -1;
	if (!sqlite3_changes(store->db))
		return 1;
	store->unindexed++;
	return 0;
}

int store_command_decide(struct store *store, const struct command_row *row)
{
	int64_t indexed;
	if (index_forget(store, row->id, &indexed))
		return -1;
	sqlite3_stmt *s = statement_use(store, ST_COMMAND_DECIDE);
	sqlite3_bind_int(s, 1, (int)row->state);
	text(s, 2, row->verdict);
	text(s, 3, row->cause);
	text(s, 4, row->rule);
	text(s, 5, row->policy);
	text(s, 6, row->reason);
	text(s, 7, row->reviewers);
	sqlite3_bind_int64(s, 8, row->decided);
	sqlite3_bind_int64(s, 9, row->log_index);
	text(s, 10, row->permit);
	text(s, 11, row->id);
	if (statement_finish(store, s, "a decision is kept"))
		return -1;
	return indexed ? index_again(store, row->id) : 0;
}

int store_command_outcome(struct store *store, const struct command_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_COMMAND_OUTCOME);
	sqlite3_bind_int(s, 1, (int)row->state);
	sqlite3_bind_int(s, 2, row->has_exit);
	sqlite3_bind_int(s, 3, row->exit);
	text(s, 4, row->signal);
	text(s, 5, row->outcome);
	text(s, 6, row->outcome_reason);
	sqlite3_bind_int64(s, 7, row->started);
	sqlite3_bind_int64(s, 8, row->ended);
	text(s, 9, row->id);
	return statement_finish(store, s, "an outcome is kept");
}

int store_review_add(struct store *store, const char *command, const char *operator_name, int64_t ms)
{
	sqlite3_stmt *s = statement_use(store, ST_REVIEW_ADD);
	text(s, 1, command);
	text(s, 2, operator_name);
	sqlite3_bind_int64(s, 3, ms);
	if (statement_finish(store, s, "a review is kept"))
		return -1;
	s = statement_use(store, ST_REVIEW_COUNT);
	text(s, 1, command);
	int count = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0)
						  : sqlite_failed(store->db, "reviews are counted");
	sqlite3_reset(s);
	return count;
}

int store_agent_put(struct store *store, const struct agent_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_AGENT_PUT);
	text(s, 1, row->id);
	text(s, 2, row->owner ? row->owner : "");
	sqlite3_bind_int64(s, 3, row->created);
	sqlite3_bind_int(s, 4, row->disabled);
	return statement_finish(store, s, "an agent is kept");
}

int store_credential_put(struct store *store, const struct credential_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_CREDENTIAL_PUT);
	text(s, 1, row->id);
	text(s, 2, row->agent);
	sqlite3_bind_blob(s, 3, row->key, sizeof row->key, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, row->issued);
	sqlite3_bind_int64(s, 5, row->not_before);
	sqlite3_bind_int64(s, 6, row->expires);
	sqlite3_bind_int64(s, 7, row->revoked);
	sqlite3_bind_int64(s, 8, row->last_used);
	text(s, 9, row->issued_by);
	text(s, 10, row->revoked_by);
	text(s, 11, row->source);
	return statement_finish(store, s, "a credential is kept");
}

int store_operator_put(struct store *store, const struct operator_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_OPERATOR_PUT);
	text(s, 1, row->name);
	text(s, 2, row->role);
	text(s, 3, row->token_s256);
	sqlite3_bind_int64(s, 4, row->created);
	sqlite3_bind_int(s, 5, row->disabled);
	return statement_finish(store, s, "an operator is kept");
}

int store_policy_put(struct store *store, const char *s256, const void *body, size_t len, int64_t ms,
		     const char *by)
{
	sqlite3_stmt *s = statement_use(store, ST_POLICY_PUT);
	text(s, 1, s256);
	sqlite3_bind_blob64(s, 2, body, len, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, ms);
	text(s, 4, by);
	return statement_finish(store, s, "a policy is kept");
}
