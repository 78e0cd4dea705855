/* open.c: the database file: its settings, its writer, its readers.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
	if (store->db && store->path && schema_bring_up_to_date(store->db, path, error) &&
	    statements_prepare(store, error)) {
		store->next = store->committed =
		    sqlite_number(store->db, "SELECT coalesce(max(n) + 1, 0) FROM events");
		store->unindexed = index_backlog(store->db);
		if (store->next >= 0 && store->unindexed >= 0)
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
	if (reader && reader->db && model_function_add(reader->db))
		return reader;
	log_line(LOG_LEVEL_ERROR, "store cannot be read", "error", error, NULL);
	free(error);
	store_reader_free(reader);
	return NULL;
}

void store_reader_free(struct store_reader *reader)
{
	if (reader)
		sqlite3_close(reader->db);
	free(reader);
}
