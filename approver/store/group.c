/* group.c: groups of changes, each in the log whole or not at all, and items inside them.
 *
 * The commit point is the log's append.  The tables' transaction is made before and ended after it: when the
 * append fails both are as before; when the tables cannot follow (a full disk), the group has happened all
 * the same, and before the next one the tables catch up by the log.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int catch_up(struct store *store)
{
	if (replay_rest(store, NULL, NULL))
		return -1;
	store->behind = false;
	return 0;
}

int store_begin(struct store *store)
{
	store->next = store->committed;
	store->request = -1;
	store->session_len = 0;
	pending_clear(&store->pending);
	if (store->behind && catch_up(store))
		return -1;
	if (reserve_make(store))
		return -1;
	return statement_finish(store, statement_use(store, ST_BEGIN), "a group begins");
}

/* What is longer than an entry may be becomes a blob, and its entry the blob's name. */
static bool entry_of_blob(struct buf *stubs, const struct pending_leaf *leaf, int64_t n,
			  struct log_entry *entry)
{
	struct hash hash;
	size_t at = stubs->len;
	hash_bytes(entry->bytes, entry->len, &hash);
	entry->blob = entry->bytes;
	entry->blob_len = entry->len;
	buf_addf(stubs, "{\"v\":1,\"n\":%lld,\"ms\":%lld,\"kind\":\"%s\",\"blob\":\"", (long long)n,
		 (long long)leaf->ms, event_kind_name(leaf->kind));
	hex_encode(stubs, &hash, sizeof hash);
	buf_adds(stubs, "\"}");
	entry->bytes = (void *)at; /* until all are there: the buffer may move */
	entry->len = stubs->len - at;
	return !stubs->failed;
}

/* Every leaf as it will be stored, one behind the other; where each begins goes into `at`, and the end. */
static bool seal_all(const struct store *store, size_t *at, struct buf *out)
{
	const struct pending *pending = &store->pending;
	bool good = true;
	for (size_t i = 0; good && i < pending->n; i++) {
		const struct pending_leaf *leaf = &pending->leaves[i];
		at[i] = out->len;
		good = seal_leaf(store->seal, pending->text.data + leaf->at, leaf->len, leaf->head, out);
	}
	at[pending->n] = out->len;
	return good;
}

static int append(struct store *store)
{
	struct pending *pending = &store->pending;
	struct buf stubs BUF_AUTO = BUF_INIT, sealed BUF_AUTO = BUF_INIT;
	struct log_entry *entries = calloc(pending->n ? pending->n : 1, sizeof *entries);
	size_t *at = store->seal ? calloc(pending->n + 1, sizeof *at) : NULL;
	bool good =
	    entries && !pending->text.failed && (!store->seal || (at && seal_all(store, at, &sealed)));
	for (size_t i = 0; good && i < pending->n; i++) {
		const struct pending_leaf *leaf = &pending->leaves[i];
		entries[i] = (struct log_entry){.bytes = pending->text.data + leaf->at, .len = leaf->len};
		if (at)
			entries[i] =
			    (struct log_entry){.bytes = sealed.data + at[i], .len = at[i + 1] - at[i]};
		if (entries[i].len > LOG_ENTRY_MAX)
			good = entry_of_blob(&stubs, leaf, store->committed + (int64_t)i, &entries[i]);
	}
	for (size_t i = 0; good && i < pending->n; i++)
		if (entries[i].blob)
			entries[i].bytes = stubs.data + (uintptr_t)entries[i].bytes;
	free(at);
	errno = ENOMEM;
	int result = good ? log_append(store->log, entries, pending->n) : -1;
	/* A limit on the file or a quota is for the operator the same as a full disk. */
	int saved = errno == EFBIG || errno == EDQUOT ? ENOSPC : errno;
	free(entries);
	errno = saved;
	return result;
}

static int end_tables(struct store *store)
{
	sqlite3_stmt *s = statement_use(store, ST_APPLIED);
	sqlite3_bind_int64(s, 1, store->next);
	if (statement_finish(store, s, "what is applied is kept"))
		return -1;
	return statement_finish(store, statement_use(store, ST_COMMIT), "a group is written");
}

static void undo_tables(struct store *store)
{
	if (store->names.added)
		names_forget(store);
	if (!sqlite3_get_autocommit(store->db))
		statement_finish(store, statement_use(store, ST_ROLLBACK), "a group is taken back");
}

int64_t store_now(struct store *store)
{
	int64_t now = clock_wall_ms();
	if (now > store->now)
		store->now = now;
	return store->now;
}

/* The group's own: what comes behind a note in the group is not to be older. */
static int64_t time_of_notes(struct store *store)
{
	return store->now ? store->now : store_now(store);
}

int store_commit(struct store *store)
{
	if (!pending_keep(&store->pending, &store->next, time_of_notes(store))) {
		store_rollback(store);
		errno = ENOMEM;
		return -1;
	}
	if (store->pending.n && append(store)) {
		int saved = errno;
		store_rollback(store);
		errno = saved;
		return -1;
	}
	store->committed = store->next;
	if (!end_tables(store)) {
		store->names.added = false;
		(void)tidy_large(store); /* logged; the group is kept */
		return 0;
	}
	int saved = errno;
	undo_tables(store);
	errno = saved;
	if (!store->pending.n)
		return -1;
	store->behind = true;
	if (!reserve_give_up(store) || catch_up(store))
		log_line(LOG_LEVEL_ERROR, "the log has a group that the tables could not take yet", NULL);
	return 0;
}

void store_rollback(struct store *store)
{
	store->next = store->committed;
	pending_clear(&store->pending);
	undo_tables(store);
}

int store_item_begin(struct store *store)
{
	store->item_next = store->next;
	pending_item(&store->pending);
	return statement_finish(store, statement_use(store, ST_SAVEPOINT), "an item begins");
}

int store_item_end(struct store *store, bool keep)
{
	/* A full disk may have rolled the whole group back already. */
	if (sqlite3_get_autocommit(store->db)) {
		errno = ENOSPC;
		return -1;
	}
	if (keep && !pending_keep(&store->pending, &store->next, time_of_notes(store))) {
		errno = ENOMEM;
		return -1;
	}
	if (!keep) {
		store->next = store->item_next;
		pending_drop(&store->pending);
		if (store->names.added)
			names_forget(store);
		if (statement_finish(store, statement_use(store, ST_ROLLBACK_TO), "an item is taken back"))
			return -1;
	}
	return statement_finish(store, statement_use(store, ST_RELEASE), "an item ends");
}
