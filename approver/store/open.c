/* open.c: the database file: its schema, its settings, its readers.
 *
 * WAL, so that readers never wait for the writer; synchronous=FULL, so that what store_commit has returned
 * from is on disk.  The events table is the log: triggers refuse to change or remove a row of it, whoever
 * asks.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SCHEMA_VERSION = 1 };

#define T(name) #name " TEXT,"
#define I(name) #name " INTEGER NOT NULL,"
#define B(name) #name " BLOB,"
static const char schema[] =
    "CREATE TABLE events(n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, ms INTEGER NOT NULL, subject TEXT, "
    "body BLOB NOT NULL);"
    "CREATE INDEX events_subject ON events(subject) WHERE subject IS NOT NULL;"
    "CREATE TRIGGER events_kept BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'the log is append-only'); "
    "END;"
    "CREATE TRIGGER events_fixed BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'the log is "
    "append-only'); END;"
    "CREATE TABLE commands(n INTEGER PRIMARY KEY," COMMAND_COLUMNS "UNIQUE(id));"
    "CREATE INDEX commands_agent ON commands(agent);"
    "CREATE INDEX commands_session ON commands(session);"
    "CREATE INDEX commands_open ON commands(state) WHERE state < 2;"
    "CREATE TABLE sessions(id TEXT PRIMARY KEY, agent TEXT NOT NULL, credential TEXT NOT NULL, seq INTEGER "
    "NOT NULL, "
    "model TEXT) WITHOUT ROWID;"
    "CREATE TABLE reviews(command TEXT NOT NULL, operator TEXT NOT NULL, ms INTEGER NOT NULL, "
    "PRIMARY KEY(command, operator)) WITHOUT ROWID;"
    "CREATE TABLE agents(id TEXT PRIMARY KEY, owner TEXT NOT NULL, created INTEGER NOT NULL, disabled "
    "INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE credentials(id TEXT PRIMARY KEY, agent TEXT NOT NULL, key BLOB NOT NULL, issued INTEGER "
    "NOT NULL, "
    "not_before INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL, last_used INTEGER NOT "
    "NULL, "
    "issued_by TEXT, revoked_by TEXT) WITHOUT ROWID;"
    "CREATE TABLE operators(name TEXT PRIMARY KEY, role TEXT NOT NULL, token_s256 TEXT NOT NULL, "
    "created INTEGER NOT NULL, disabled INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE policies(s256 TEXT PRIMARY KEY, text BLOB NOT NULL, ms INTEGER NOT NULL, by TEXT) WITHOUT "
    "ROWID;"
    "PRAGMA user_version=1;";
#undef T
#undef I
#undef B

int sqlite_failed(sqlite3 *db, const char *what)
{
	int code = sqlite3_extended_errcode(db);
	log_line(LOG_LEVEL_ERROR, "store failed", "while", what, "error", sqlite3_errmsg(db), NULL);
	errno = (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_IOERR ? ENOSPC : EIO;
	return -1;
}

static bool run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

sqlite3 *sqlite_connect(const char *path, int flags, char **error)
{
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, 5000) == SQLITE_OK && run(db, "PRAGMA journal_mode=WAL") &&
	    run(db, "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-8000"))
		return db;
	if (error && asprintf(error, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory") < 0)
		*error = NULL;
	sqlite3_close(db);
	return NULL;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static bool bring_up_to_date(sqlite3 *db, const char *path, char **error)
{
	int64_t version = number(db, "PRAGMA user_version");
	if (version == SCHEMA_VERSION)
		return true;
	if (version == 0 && run(db, "BEGIN IMMEDIATE") && run(db, schema) && run(db, "COMMIT"))
		return true;
	if (asprintf(error, version == 0 ? "%s: %s" : "%s: made by a newer whoshd%.0s", path,
		     sqlite3_errmsg(db)) < 0)
		*error = NULL;
	return false;
}

struct store *store_open(const char *path, char **error)
{
	struct store *store = calloc(1, sizeof *store);
	*error = NULL;
	if (!store)
		return NULL;
	mode_t before = umask(077);
	store->db = sqlite_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
	umask(before);
	store->path = strdup(path);
	if (store->db && store->path && bring_up_to_date(store->db, path, error) &&
	    statements_prepare(store, error)) {
		store->next = store->committed =
		    number(store->db, "SELECT coalesce(max(n) + 1, 0) FROM events");
		if (store->next >= 0)
			return store;
	}
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

struct store_reader *store_reader_new(struct store *store)
{
	struct store_reader *reader = calloc(1, sizeof *reader);
	char *error = NULL;
	if (reader)
		reader->db = sqlite_connect(store->path, SQLITE_OPEN_READWRITE, &error);
	if (reader && reader->db)
		return reader;
	log_line(LOG_LEVEL_ERROR, "store cannot be read", "error", error, NULL);
	free(error);
	free(reader);
	return NULL;
}

void store_reader_free(struct store_reader *reader)
{
	if (reader)
		sqlite3_close(reader->db);
	free(reader);
}
