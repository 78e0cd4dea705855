/* sqlite.h: what the SQLite backend's files share; nobody outside approver/store includes it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_SQLITE_H
#define WHOSH_STORE_SQLITE_H

#include "approver/store/store.h"
#include <sqlite3.h>

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_SAVEPOINT,
	ST_RELEASE,
	ST_ROLLBACK_TO,
	ST_APPEND,
	ST_SESSION_GET,
	ST_SESSION_PUT,
	ST_COMMAND_INSERT,
	ST_COMMAND_DECIDE,
	ST_COMMAND_OUTCOME,
	ST_REVIEW_ADD,
	ST_REVIEW_COUNT,
	ST_AGENT_PUT,
	ST_CREDENTIAL_PUT,
	ST_OPERATOR_PUT,
	ST_POLICY_PUT,
	STATEMENTS
};

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t next, committed; /* event numbers: of the open group, and of what is on disk */
};

struct store_reader {
	sqlite3 *db;
};

/* Every column of `commands` that a struct command_row has, in one order everywhere: T text, I integer, B
 * line. */
/* clang-format off */
#define COMMAND_COLUMNS                                                                                      \
	T(id)                                                                                                \
	I(ts)                                                                                                \
	T(agent) T(agent_version) T(credential) T(session) T(parent) T(human) I(seq) T(chain) T(model)       \
	    T(task) T(user) T(host) T(cwd) T(mode) B(line) T(detail) I(state) T(verdict) T(cause) T(rule)    \
		T(policy) T(reason) T(reviewers) I(reviewers_needed) I(not_in_chain) I(expires) I(decided)   \
		    I(has_exit) I(exit) T(signal) T(outcome) T(outcome_reason) I(started) I(ended)           \
			I(log_index) T(command_s256) T(live_tail) T(permit)
/* clang-format on */

/* open.c: a connection with the settings that every connection needs; NULL with *error. */
sqlite3 *sqlite_connect(const char *path, int flags, char **error);
/* write.c */
bool statements_prepare(struct store *store, char **error);
/* Log what SQLite says; -1, with errno ENOSPC when space ran out. */
int sqlite_failed(sqlite3 *db, const char *what);
/* read.c: a malloc'd copy of a text column; NULL for NULL. */
char *column_text(sqlite3_stmt *statement, int column);

#endif
