/* open.c: the database file: its settings, its writer, its readers.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/archive.h"
#include "approver/store/retention.h"
#include "approver/store/sqlite.h"
#include "common/error.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* PATH's folder, and its "log". */
static bool folders_of(const char *path, char **dir, char **log)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 1;
	*log = NULL;
	if (asprintf(dir, "%.*s", len ? len : 1, slash ? path : ".") < 0)
		*dir = NULL;
	else if (asprintf(log, "%s/log", *dir) < 0)
		*log = NULL;
	return *dir && *log;
}

static bool open_all(struct store *store, const char *path, const struct note_signer *signer, char **error)
{
	char *dir = NULL, *folder = NULL;
	mode_t before = umask(077);
	store->path = strdup(path);
	if (folders_of(path, &dir, &folder) && seal_load(dir, &store->seal, error))
		store->log = log_open(folder, signer, error);
	struct retention retention;
	if (store->log && !retention_load(&retention, dir, error)) {
		log_close(store->log);
		store->log = NULL;
	} else if (store->log && *retention.archive) {
		log_use_archive(store->log, retention.archive);
	}
	store->db = store->log && seal_fits(store->seal, store->log, dir, error)
			? sqlite_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error)
			: NULL;
	umask(before);
	free(folder);
	free(dir);
	return store->db && store->path && schema_bring_up_to_date(store->db, path, error) &&
	       statements_prepare(store, error);
}

/* When the last leaf is from; 0: there is none, or it was archived. */
static int64_t last_time(struct store *store)
{
	struct buf text BUF_AUTO = BUF_INIT;
	struct leaf leaf = {0};
	int64_t last = log_size(store->log) - 1, ms = 0;
	if (last >= 0 && log_entry_read(store->log, last, &text) == 1 &&
	    leaf_parse(&leaf, last, text.data, text.len))
		ms = leaf.ms;
	leaf_finish(&leaf);
	return ms;
}

struct store *store_open_slowly(const char *path, const struct note_signer *signer, store_progress *progress,
				void *arg, char **error)
{
	struct store *store = calloc(1, sizeof *store);
	*error = NULL;
	if (!store)
		return NULL;
	if (open_all(store, path, signer, error)) {
		if (replay_rest(store, progress, arg))
			error_set(error,
				  errno == ENOENT
				      ? "%s: it cannot be made again: entries of the log are archived "
					"and are not in the archive that retention.json names"
				      : "%s: it cannot be brought up to what the log holds",
				  path);
		else {
			tidy_begin(store);
			store->now = last_time(store);
			store->next = store->committed = log_size(store->log);
			store->unindexed = index_backlog(store->db);
			if (store->unindexed >= 0)
				return store;
		}
	}
	store_close(store);
	return NULL;
}

struct store *store_open(const char *path, const struct note_signer *signer, char **error)
{
	return store_open_slowly(path, signer, NULL, NULL, error);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	log_close(store->log);
	seal_free(store->seal);
	pending_finish(&store->pending);
	names_forget(store);
	free(store->path);
	free(store);
}

struct log *store_log(const struct store *store)
{
	return store->log;
}

struct store_reader *store_reader_new(struct store *store)
{
	struct store_reader *reader = calloc(1, sizeof *reader);
	char *error = NULL;
	if (reader)
		reader->db = sqlite_connect(store->path, SQLITE_OPEN_READWRITE, &error);
	if (reader && reader->db && model_function_add(reader->db)) {
		reader->log = store->log;
		reader->seal = store->seal;
		return reader;
	}
	log_line(LOG_LEVEL_ERROR, "store cannot be read", "error", error, NULL);
	free(error);
	store_reader_free(reader);
	return NULL;
}

void store_reader_free(struct store_reader *reader)
{
	if (reader) {
		sqlite3_finalize(reader->command);
		sqlite3_finalize(reader->outcome_at);
		sqlite3_close(reader->db);
	}
	free(reader);
}
