/* retain.c: entries that are older than the policy keeps leave the log.
 *
 * In this order: copies, durable and compared; the leaf that says so; only then are the files removed.  A
 * crash before the last leaves them in both places, and the next time does the rest.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/archive.h"
#include "approver/store/retention.h"
#include "approver/store/sqlite.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/json.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 8, EVERY_MS = 3600000 };
static const char subject[] = "log/entries";

/* One bundle: its newest time, and its blobs as 64 digits each. */
struct bundle {
	int64_t newest;
	struct buf blobs;
	bool good;
};

static bool look(int64_t n, const char *text, size_t len, void *arg)
{
	struct bundle *bundle = arg;
	struct leaf leaf;
	bundle->good = leaf_parse(&leaf, n, text, len);
	if (bundle->good && leaf.ms > bundle->newest)
		bundle->newest = leaf.ms;
	if (bundle->good && leaf.blob)
		buf_adds(&bundle->blobs, leaf.blob);
	leaf_finish(&leaf);
	return bundle->good;
}

static bool bundle_look(struct store *store, int64_t n, struct bundle *bundle)
{
	*bundle = (struct bundle){.good = true};
	return !log_each(store->log, n << TILE_HEIGHT, (n + 1) << TILE_HEIGHT, look, bundle) &&
	       bundle->good && !bundle->blobs.failed && bundle->blobs.len % 64 == 0;
}

/* The lowest entry that an open command, or a delegation that is still good, needs; -1 on error. */
static int64_t first_needed(struct store *store, int64_t now)
{
	char sql[400];
	snprintf(
	    sql, sizeof sql,
	    "SELECT min(n) FROM (SELECT %" PRId64 " AS n UNION ALL SELECT min(request_at) FROM commands "
	    "WHERE state<2 AND request_at>=0 UNION ALL SELECT min(log_index) FROM hops WHERE expires>%" PRId64
	    " AND revoked=0) WHERE n IS NOT NULL",
	    store->committed, now);
	return sqlite_number(store->db, sql);
}

static bool blobs_each(struct store *store, const struct bundle *bundle, const char *folder, bool remove)
{
	char hex[65] = "";
	for (size_t at = 0; at < bundle->blobs.len; at += 64) {
		memcpy(hex, bundle->blobs.data + at, 64);
		if (remove ? log_remove_blob(store->log, hex) : log_archive_blob(store->log, hex, folder))
			return false;
	}
	return true;
}

static bool tell(struct store *store, const struct retained *r, int64_t now)
{
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"archive\":", r->from, r->to);
	if (*r->policy.archive)
		json_add_string(&body, r->policy.archive, strlen(r->policy.archive));
	else
		buf_adds(&body, "null");
	buf_addf(&body, ",\"policy_s256\":\"%s\"}", r->policy.s256);
	if (body.failed || store_begin(store))
		return false;
	if (store_append(store, EVENT_ENTRIES_ARCHIVED, now, subject, body.data, body.len) >= 0)
		return !store_commit(store);
	store_rollback(store);
	return false;
}

static bool copy_and_remove(struct store *store, const struct retained *r, int64_t now)
{
	const char *folder = *r->policy.archive ? r->policy.archive : NULL;
	for (int pass = 0; pass < 2; pass++) {
		for (int64_t n = r->from >> TILE_HEIGHT; n <= r->to >> TILE_HEIGHT; n++) {
			struct bundle bundle;
			bool good = bundle_look(store, n, &bundle) &&
				    blobs_each(store, &bundle, folder, pass) &&
				    !(pass ? log_remove_bundle(store->log, n)
					   : log_archive_bundle(store->log, n, folder));
			buf_finish(&bundle.blobs);
			if (!good)
				return false;
		}
		if (!pass && !tell(store, r, now))
			return false;
	}
	return true;
}

static char *folder_of(const struct store *store)
{
	const char *slash = strrchr(store->path, '/');
	return slash ? strndup(store->path, slash > store->path ? (size_t)(slash - store->path) : 1)
		     : strdup(".");
}

int store_retain(struct store *store, int most, bool dry, struct retained *r, char **error)
{
	int64_t now = clock_wall_ms(), n = log_archived(store->log), needed = first_needed(store, now);
	char *folder = folder_of(store);
	bool good = folder && retention_load(&r->policy, folder, error);
	free(folder);
	r->from = n << TILE_HEIGHT;
	r->to = r->from - 1;
	if (!good || needed < 0)
		return -1;
	for (bool more = r->policy.given; more && most > 0 && (n + 1) << TILE_HEIGHT <= needed; most--) {
		struct bundle bundle;
		good = bundle_look(store, n, &bundle);
		buf_finish(&bundle.blobs);
		more = good && bundle.newest < now - r->policy.keep_ms;
		if (more)
			r->to = (++n << TILE_HEIGHT) - 1;
	}
	if (!good)
		error_set(error, "bundle %" PRId64 " of the log cannot be read", n);
	else if (dry || r->to < r->from || (!log_settle(store->log) && copy_and_remove(store, r, now)))
		return 0;
	else
		error_set(error, "entries %" PRId64 " to %" PRId64 " cannot be archived: %s", r->from, r->to,
			  strerror(errno));
	return -1;
}

void retain_some(struct store *store)
{
	struct retained r;
	char *error = NULL;
	int64_t now = clock_wall_ms();
	if (now < store->retain_next)
		return;
	store->retain_next = now + EVERY_MS;
	if (store_retain(store, AT_ONCE, false, &r, &error))
		log_line(LOG_LEVEL_ERROR, "old entries are not archived", "error", error, NULL);
	else if (r.to - r.from + 1 == AT_ONCE << TILE_HEIGHT)
		store->retain_next = 0; /* there may be more; the leaf that was logged brings us back */
	free(error);
}

struct search {
	int64_t index;
	char *archive;
	bool deleted;
};

static bool compare(int64_t n, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct search *search = arg;
	cJSON *tree = kind == EVENT_ENTRIES_ARCHIVED ? json_parse(body, len, NULL) : NULL;
	int64_t from, to;
	(void)n;
	(void)ms;
	if (tree && json_integer(tree, "from", &from) && json_integer(tree, "to", &to) &&
	    from <= search->index && search->index <= to) {
		const char *archive = json_string(tree, "archive");
		if (archive && !search->archive)
			search->archive = strdup(archive);
		search->deleted = !archive;
	}
	cJSON_Delete(tree);
	return true;
}

int store_archived(struct store_reader *reader, int64_t index, char **archive)
{
	struct buf entry BUF_AUTO = BUF_INIT;
	struct search search = {.index = index};
	int found = log_entry_read(reader->log, index, &entry);
	*archive = NULL;
	if (found != LOG_ARCHIVED)
		return found < 0 ? -1 : 0;
	int result = store_events_of(reader, subject, compare, &search);
	*archive = search.archive;
	if (result)
		return -1;
	return search.archive ? ARCHIVED_IN : search.deleted ? ARCHIVED_DELETED : ARCHIVED_SOMEWHERE;
}
