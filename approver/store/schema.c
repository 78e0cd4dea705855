/* schema.c: the tables, as the steps that made them.
 *
 * PRAGMA user_version counts the steps a database has taken; opening takes the rest, all of them or none.
 * A step that has been released is never changed: the next idea is the next step.
 *
 * Every table is an index of the log, which `whoshd reindex` makes again; facets and words are an index of
 * commands: see index.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/error.h"
#include <stdio.h>

#define TEXT_COLUMN(name) #name " TEXT,"
#define INTEGER_COLUMN(name) #name " INTEGER NOT NULL,"
#define BLOB_COLUMN(name) #name " BLOB,"
static const char *const steps[] = {
    /* `applied`: so many leaves of the log are in the tables. */
    "CREATE TABLE applied(n INTEGER NOT NULL) STRICT;"
    "INSERT INTO applied VALUES(0);"
    /* Which leaves are about a subject, but for a command's request, decision and outcome. */
    "CREATE TABLE subjects(subject TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(subject, n)) STRICT, "
    "WITHOUT ROWID;"
    "CREATE TABLE alerts(n INTEGER PRIMARY KEY, ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX alerts_ms ON alerts(ms);"
    "CREATE TABLE commands(n INTEGER PRIMARY KEY," COMMAND_COLUMNS(
	TEXT_COLUMN, INTEGER_COLUMN, INTEGER_COLUMN,
	BLOB_COLUMN) "request_at INTEGER NOT NULL DEFAULT -1, outcome_at INTEGER NOT NULL DEFAULT -1,"
		     "UNIQUE(id));"
		     "CREATE INDEX commands_open ON commands(state) WHERE state < 2;"
		     /* `was` is the credential that a session was taken over from, `handed` the command that
			did so. */
		     "CREATE TABLE sessions(id TEXT PRIMARY KEY, agent TEXT NOT NULL, credential TEXT NOT "
		     "NULL, seq INTEGER "
		     "NOT NULL, model TEXT, was TEXT, handed TEXT) STRICT, WITHOUT ROWID;"
		     "CREATE TABLE reviews(command TEXT NOT NULL, operator TEXT NOT NULL, ms INTEGER NOT "
		     "NULL, PRIMARY "
		     "KEY(command, operator)) STRICT, WITHOUT ROWID;"
		     "CREATE TABLE agents(id TEXT PRIMARY KEY, owner TEXT NOT NULL, created INTEGER NOT "
		     "NULL, disabled "
		     "INTEGER NOT NULL, delegated INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		     "CREATE TABLE credentials(id TEXT PRIMARY KEY, agent TEXT NOT NULL, key BLOB NOT NULL, "
		     "issued INTEGER "
		     "NOT NULL, not_before INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT "
		     "NULL, last_used "
		     "INTEGER NOT NULL, issued_by TEXT, revoked_by TEXT, replaces TEXT, source TEXT NOT "
		     "NULL) STRICT, "
		     "WITHOUT ROWID;"
		     "CREATE TABLE operators(name TEXT PRIMARY KEY, role TEXT NOT NULL, token_s256 TEXT NOT "
		     "NULL, created "
		     "INTEGER NOT NULL, disabled INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		     "CREATE TABLE policies(s256 TEXT PRIMARY KEY, text BLOB NOT NULL, ms INTEGER NOT NULL, "
		     "by TEXT) STRICT, "
		     "WITHOUT ROWID;"
		     /* What who searches is indexed afterwards, so that it costs nobody who waits anything:
			see index.c. */
		     "CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
		     "CREATE TABLE facets(n INTEGER PRIMARY KEY, ts INTEGER NOT NULL, agent INTEGER NOT "
		     "NULL, human INTEGER "
		     "NOT NULL, model INTEGER NOT NULL, session INTEGER NOT NULL, verdict INTEGER NOT NULL, "
		     "host INTEGER "
		     "NOT NULL, user INTEGER NOT NULL, credential INTEGER NOT NULL) STRICT;"
		     "CREATE INDEX facets_ts ON facets(ts);"
		     "CREATE INDEX facets_agent ON facets(agent);"
		     "CREATE INDEX facets_human ON facets(human);"
		     "CREATE INDEX facets_model ON facets(model);"
		     "CREATE INDEX facets_session ON facets(session);"
		     "CREATE INDEX facets_verdict ON facets(verdict);"
		     "CREATE INDEX facets_host ON facets(host);"
		     "CREATE INDEX facets_user ON facets(user);"
		     "CREATE INDEX facets_credential ON facets(credential);"
		     "CREATE VIRTUAL TABLE words USING fts5(line, task, reason, content='', columnsize=0, "
		     "detail=none, "
		     "tokenize='trigram');"
		     /* Principal chains: the hops that were logged, and people's own keys. */
		     "CREATE TABLE hops(id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, s256 TEXT NOT NULL, "
		     "parent TEXT, "
		     "issuer TEXT NOT NULL, human TEXT NOT NULL, agent TEXT NOT NULL, task TEXT NOT NULL, "
		     "signer TEXT, depth "
		     "INTEGER NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER "
		     "NOT NULL, "
		     "log_index INTEGER NOT NULL, revoked_by TEXT) STRICT, WITHOUT ROWID;"
		     "CREATE INDEX hops_expires ON hops(expires);"
		     "CREATE TABLE person_keys(id TEXT PRIMARY KEY, person TEXT NOT NULL, key BLOB NOT NULL, "
		     "issued INTEGER "
		     "NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL, revoked_by TEXT) STRICT, "
		     "WITHOUT ROWID;"
		     /* Tokens that were exchanged, by what of them is signed, until they are too old to be
			taken anyway. */
		     "CREATE TABLE exchanges(token TEXT PRIMARY KEY, issuer TEXT NOT NULL, jti TEXT, "
		     "credential TEXT NOT "
		     "NULL, until INTEGER NOT NULL, replayed INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		     "CREATE INDEX exchanges_jti ON exchanges(issuer, jti) WHERE jti IS NOT NULL;"
		     "CREATE INDEX exchanges_until ON exchanges(until);"
		     /* The kill switch: see kills.c. */
		     "CREATE TABLE kills(id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, reason "
		     "TEXT NOT NULL, "
		     "by TEXT NOT NULL, ts INTEGER NOT NULL, expires INTEGER NOT NULL, lifted INTEGER NOT "
		     "NULL, lifted_by "
		     "TEXT) STRICT, WITHOUT ROWID;"
		     "CREATE INDEX kills_open ON kills(ts) WHERE lifted=0;"
		     "CREATE TABLE kill_targets(kill TEXT NOT NULL, command TEXT NOT NULL, reached INTEGER "
		     "NOT NULL, told "
		     "INTEGER NOT NULL, acknowledged INTEGER NOT NULL, left_ms INTEGER NOT NULL, over "
		     "INTEGER NOT NULL, "
		     "lapsed INTEGER NOT NULL, PRIMARY KEY(kill, command)) STRICT, WITHOUT ROWID;"
		     "CREATE INDEX kill_targets_command ON kill_targets(command);",
};

/* Before the log was a tree, steps 1 to 7 kept the events in a table: of those nothing can be taken over. */
enum { FIRST_STEP = 7, STEPS = FIRST_STEP + sizeof steps / sizeof *steps };

static bool take_steps(sqlite3 *db, int64_t from)
{
	char version[48];
	for (int64_t i = from < FIRST_STEP ? FIRST_STEP : from; i < STEPS; i++)
		if (!sqlite_run(db, steps[i - FIRST_STEP]))
			return false;
	snprintf(version, sizeof version, "PRAGMA user_version=%d", (int)STEPS);
	return sqlite_run(db, version);
}

bool schema_bring_up_to_date(sqlite3 *db, const char *path, char **error)
{
	/* Inside the transaction, so that of two that open at once the second finds the work done. */
	if (sqlite_run(db, "BEGIN IMMEDIATE")) {
		int64_t version = sqlite_number(db, "PRAGMA user_version");
		if (version > STEPS) {
			sqlite_run(db, "ROLLBACK");
			return error_set(error, "%s: made by a newer whoshd", path);
		}
		if (version > 0 && version <= FIRST_STEP) {
			sqlite_run(db, "ROLLBACK");
			return error_set(error,
					 "%s: made by a whoshd whose log was not a tree yet; move the folder "
					 "away and make a new one (whoshd init)",
					 path);
		}
		if (version == STEPS)
			return sqlite_run(db, "ROLLBACK");
		if (version >= 0 && take_steps(db, version) && sqlite_run(db, "COMMIT"))
			return true;
	}
	error_set(error, "%s: %s", path, sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		sqlite_run(db, "ROLLBACK");
	return false;
}
