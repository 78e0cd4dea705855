/* sqlite.h: what the SQLite backend's files share; nobody outside approver/store includes it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_SQLITE_H
#define WHOSH_STORE_SQLITE_H

#include "approver/log/log.h"
#include "approver/store/leaf.h"
#include "approver/store/seal.h"
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
	ST_APPLIED,
	ST_SUBJECT_PUT,
	ST_OUTCOME_AT,
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
	ST_KILL_PUT,
	ST_KILL_LIFT,
	ST_KILL_REACHED,
	ST_KILL_TOLD,
	ST_KILL_ACKNOWLEDGED,
	ST_KILL_LEFT,
	ST_KILL_OVER,
	ST_KILL_LAPSED,
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

enum { NAMES_KNOWN = 4096 };
/* The numbers of names that were used lately, so that the way of every command need not look them up. */
struct names {
	struct known_name {
		char *text;
		int64_t number;
	} known[NAMES_KNOWN];
	bool added; /* in the open group: after a rollback none of them is believed */
};

struct store {
	sqlite3 *db;
	char *path;
	struct log *log;
	struct seal *seal; /* NULL: leaves are kept in clear */
	sqlite3_stmt *statements[STATEMENTS];
	struct pending pending;         /* the open group's leaves */
	int64_t now;                    /* what store_now said last, else the last leaf's time */
	int64_t next, committed;        /* event numbers: of the open group, and of what is in the log */
	int64_t item_next;              /* of the open item: what to go back to */
	int64_t request;                /* number of the command_requested that was appended last */
	size_t session_at, session_len; /* of a session's note that its command's note may stand for */
	struct names names;
	int64_t unindexed; /* about how many commands index.c has yet to see */
	int wal_pages;     /* in the database's write-ahead log */
	bool replaying, untidy, reserved;
	int64_t retain_next; /* when old entries are looked for again, ms since 1970 */
	bool behind;         /* the log has what the tables could not take */
};

struct store_reader {
	sqlite3 *db;
	struct log *log;
	/* What whoever goes through the log asks for each event; made when it is first asked. */
	sqlite3_stmt *command, *outcome_at;
	const struct seal *seal;
};

/* Every column of `commands` that a struct command_row has, in one order everywhere: T text, N text that is
 * kept once, in `names`, I integer, B line. */
/* clang-format off */
#define COMMAND_COLUMNS(T, N, I, B)                                                                          \
	T(id) I(ts) N(agent) N(agent_version) N(credential) N(session) T(parent) N(human) I(seq) N(chain)    \
	I(chain_since)                                                                                       \
	N(model) N(task) N(user) N(host) N(cwd) N(mode) B(line) N(detail) I(state) N(verdict) N(cause)       \
	N(rule) N(policy) T(reason) N(reviewers) I(reviewers_needed) I(not_in_chain) I(expires) I(decided)   \
	I(has_exit) I(exit) N(signal) N(outcome) N(outcome_reason) I(started) I(ended) I(log_index)          \
	T(command_s256) T(live_tail)
/* clang-format on */
#define COLUMN_NAME(name) #name ","
#define COMMAND_NAMES COMMAND_COLUMNS(COLUMN_NAME, COLUMN_NAME, COLUMN_NAME, COLUMN_NAME)
/* The text of a name column of `commands c`, and all columns as command_fill reads them. */
#define NAME_OF(name) "(SELECT text FROM names WHERE id=c." #name ")"
#define COLUMN_READ(name) "c." #name ","
#define NAME_READ(name) NAME_OF(name) ","
#define COMMAND_READ COMMAND_COLUMNS(COLUMN_READ, NAME_READ, COLUMN_READ, COLUMN_READ) "c.n"

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
/* replay.c: make the changes of one leaf; 0, -1 after logging why. */
int replay_leaf(struct store *store, int64_t n, const char *text, size_t len);
/* Bring the tables up to what the log holds; progress, when not NULL, is called now and then.  0, -1. */
int replay_rest(struct store *store, store_progress *progress, void *arg);
/* write.c: what an event changes by itself: alerts, and by which subject it is found. */
int event_keep(struct store *store, int64_t n, enum event_kind kind, int64_t ms, const char *subject);
/* names.c: the number of a text, made when it is new; 0 for NULL, -1 on error. */
int64_t name_number(struct store *store, const char *text);
void names_forget(struct store *store);
/* reserve.c: have the room that is kept for the tables, -1 with errno; give it up, true when there was any.
 */
int reserve_make(struct store *store);
bool reserve_give_up(struct store *store);
/* tidy.c: the database's own log is emptied by us, now when it is large. */
void tidy_begin(struct store *store);
int tidy_large(struct store *store);
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
/* events.c: the leaf of that number, or what its blob says; its strings are borrowed from `text`.  1; 0 when
 * there is none, or it is archived; -1.  Finish it either way. */
int leaf_read(struct store_reader *reader, int64_t index, struct leaf *leaf, struct buf *text);
/* read.c: a statement on a reader's connection; NULL: logged. */
sqlite3_stmt *reader_prepare(struct store_reader *reader, const char *sql);
/* read.c: the end of a listing: 0 when the last step's code says that all is well, or its reader had enough.
 */
int reader_listed(struct store_reader *reader, sqlite3_stmt *statement, int code);
/* The row that a SELECT of COMMAND_NAMES stands on. */
void command_fill(sqlite3_stmt *statement, struct command_row *row);

#endif
