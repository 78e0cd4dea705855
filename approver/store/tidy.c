/* tidy.c: what follows a commit, while nobody waits for it.
 *
 * SQLite would copy its write-ahead log into the database, and sync it, within some shell's commit.  It does
 * so here; in a house that never rests, when the log has grown to WAL_LARGE pages.  The same holds for the
 * log's files (log_due).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/retention.h"
#include "approver/store/sqlite.h"
#include "common/log.h"
#include <errno.h>
#include <string.h>

enum { WAL_LARGE = 16384 };

static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *store = arg;
	(void)db;
	(void)name;
	store->wal_pages = pages;
	store->untidy = true;
	return SQLITE_OK;
}

void tidy_begin(struct store *store)
{
	sqlite3_wal_hook(store->db, committed, store);
}

bool store_untidy(const struct store *store)
{
	return store->untidy;
}

/* Readers may hold some of it back: what is left is for the next time. */
static int empty_wal(struct store *store)
{
	int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED
		   ? 0
		   : sqlite_failed(store->db, "the write-ahead log is emptied");
}

int tidy_large(struct store *store)
{
	if (log_due(store->log))
		return store_tidy(store);
	return store->wal_pages < WAL_LARGE ? 0 : empty_wal(store);
}

int store_tidy(struct store *store)
{
	store->untidy = false;
	retain_some(store);
	if (log_publish(store->log)) {
		log_line(LOG_LEVEL_ERROR, "the log cannot be published", "error", strerror(errno), NULL);
		return -1;
	}
	return empty_wal(store);
}
