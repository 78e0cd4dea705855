/* sqlite.h: what the SQLite backend's files share; nobody outside approver/store includes it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_SQLITE_H
#define WHOSH_STORE_SQLITE_H

#include "approver/store/store.h"
#include "common/buf.h"
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
	ST_SUCCEEDS,
	ST_ALERT_PUT,
	ST_COMMAND_INSERT,
	ST_COMMAND_DECIDE,
	ST_COMMAND_OUTCOME,
	ST_REVIEW_ADD,
	ST_REVIEW_COUNT,
	ST_AGENT_PUT,
	ST_CREDENTIAL_PUT,
	ST_OPERATOR_PUT,
	ST_POLICY_PUT,
	ST_HOP_PUT,
	ST_HOP_REVOKE,
	ST_KEY_PUT,
	ST_EXCHANGE_PUT,
	ST_EXCHANGE_FIND,
	ST_EXCHANGE_REPLAYED,
	ST_EXCHANGES_DROP,
	ST_NAME_GET,
	ST_NAME_PUT,
	ST_FACETS_PUT,
	ST_FACETS_DROP,
	ST_WORDS_PUT,
	ST_WORDS_DROP,
	ST_INDEX_NEXT,
	ST_INDEXED_GET,
	ST_COMMAND_TEXTS,
	STATEMENTS
};

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t next, committed; /* event numbers: of the open group, and of what is on disk */
	int64_t item_next;       /* of the open item: what to go back to */
	int64_t unindexed;       /* about how many commands index.c has yet to see */
};

struct store_reader {
	sqlite3 *db;
};

/* Every column of `commands` that a struct command_row has, in one order everywhere: T text, I integer, B
 * line. */
/* clang-format off */
#define COMMAND_COLUMNS(T, I, B)                                                                             \
	T(id) I(ts) T(agent) T(agent_version) T(credential) T(session) T(parent) T(human) I(seq) T(chain)    \
	T(model) T(task) T(user) T(host) T(cwd) T(mode) B(line) T(detail) I(state) T(verdict) T(cause)       \
	T(rule) T(policy) T(reason) T(reviewers) I(reviewers_needed) I(not_in_chain) I(expires) I(decided)   \
	I(has_exit) I(exit) T(signal) T(outcome) T(outcome_reason) I(started) I(ended) I(log_index)          \
	T(command_s256) T(live_tail) T(permit)
/* clang-format on */
#define COLUMN_NAME(name) #name ","
#define COMMAND_NAMES COMMAND_COLUMNS(COLUMN_NAME, COLUMN_NAME, COLUMN_NAME)

/* sqlite.c: a connection with the settings that every connection needs; NULL with *error. */
sqlite3 *sqlite_connect(const char *path, int flags, char **error);
/* Run statements that give no rows. */
bool sqlite_run(sqlite3 *db, const char *sql);
/* The one number that a question without parameters has for an answer; -1 when it has none. */
int64_t sqlite_number(sqlite3 *db, const char *sql);
/* Log what SQLite says; -1, with errno ENOSPC when space ran out. */
int sqlite_failed(sqlite3 *db, const char *what);
/* rows.c: a malloc'd copy of a text column; NULL for NULL. */
char *column_text(sqlite3_stmt *statement, int column);
/* schema.c: false with *error. */
bool schema_bring_up_to_date(sqlite3 *db, const char *path, char **error);
/* statements.c */
bool statements_prepare(struct store *store, char **error);
/* One of the writer's statements, ready to be bound; and its run, when it gives no rows: 0 or -1. */
sqlite3_stmt *statement_use(struct store *store, enum statement which);
int statement_finish(struct store *store, sqlite3_stmt *statement, const char *what);
/* index.c: how many commands are not indexed yet; -1 on error. */
int64_t index_backlog(sqlite3 *db);
/* Before an indexed command's texts change, and after: *n is 0 when it was not indexed (then not again). */
int index_forget(struct store *store, const char *id, int64_t *n);
int index_again(struct store *store, const char *id);
/* pattern.c: append a pattern for LIKE ... ESCAPE '\\', whose own characters mean themselves; */
void pattern_like(struct buf *out, const char *match);
/* a query for the trigram index that proposes: nothing when the pattern is too short, or not UTF-8; */
void pattern_words(struct buf *out, const char *match);
/* text as one phrase of such a query. */
void pattern_quote(struct buf *out, const char *text, size_t len);
/* Has it one or two characters? */
bool pattern_is_short(const char *match);
/* short_match.c: of a pattern of one or two characters, a query for what may match; or so much may that
 * looking at everything costs less; -1 on error.  Within a transaction that is rolled back. */
enum short_match { SHORT_NOWHERE, SHORT_FOUND, SHORT_ANYWHERE };
int short_match(struct store_reader *reader, const char *match, struct buf *words);
/* model.c: may what was asked for mean more than one model? */
bool model_is_pattern(const char *asked);
/* Make model_matches(ASKED, MODEL) known to a connection. */
bool model_function_add(sqlite3 *db);
/* Append the numbers (index.c) of the indexed models that are meant, "3,17"; how many, or -1.  Beyond
 * MODELS_MAX it does not go on. */
enum { MODELS_MAX = 1000 };
int model_numbers(struct store_reader *reader, const char *asked, struct buf *list);
/* read.c: a statement on a reader's connection; NULL: logged. */
sqlite3_stmt *reader_prepare(struct store_reader *reader, const char *sql);
/* read.c: the end of a listing: 0 when the last step's code says that all is well, or its reader had enough.
 */
int reader_listed(struct store_reader *reader, sqlite3_stmt *statement, int code);
/* The row that a SELECT of COMMAND_NAMES stands on. */
void command_fill(sqlite3_stmt *statement, struct command_row *row);

#endif
