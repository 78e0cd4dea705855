/* sqlite.c: a connection to SQLite, and what goes wrong on it.
 *
 * WAL, so that readers never wait for the writer; synchronous=NORMAL, since it is the log that is on disk
 * when store_commit returns: what is left of the tables after a crash is whole, and made up for.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/error.h"
#include "common/log.h"
#include <errno.h>

/* A limit on the file or a quota, unlike a full disk, is a write that failed and no more. */
static bool is_space(int code)
{
	return (code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE;
}

int sqlite_failed(sqlite3 *db, const char *what)
{
	int code = sqlite3_extended_errcode(db);
	log_line(LOG_LEVEL_ERROR, "store failed", "while", what, "error", sqlite3_errmsg(db), NULL);
	errno = is_space(code) ? ENOSPC : EIO;
	return -1;
}

bool sqlite_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

sqlite3 *sqlite_connect(const char *path, int flags, char **error)
{
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, 5000) == SQLITE_OK && sqlite_run(db, "PRAGMA journal_mode=WAL") &&
	    sqlite_run(db, "PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-8000; "
			   "PRAGMA journal_size_limit=4194304"))
		return db;
	error_set(error, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
	sqlite3_close(db);
	return NULL;
}

int64_t sqlite_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}
