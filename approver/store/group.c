/* group.c: groups of changes, each on disk whole or not at all, and items inside them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <errno.h>

int store_begin(struct store *store)
{
	store->next = store->committed;
	return statement_finish(store, statement_use(store, ST_BEGIN), "a group begins");
}

int store_commit(struct store *store)
{
	if (!statement_finish(store, statement_use(store, ST_COMMIT), "a group is written")) {
		store->committed = store->next;
		return 0;
	}
	int saved = errno;
	store_rollback(store);
	errno = saved;
	return -1;
}

void store_rollback(struct store *store)
{
	store->next = store->committed;
	if (!sqlite3_get_autocommit(store->db))
		statement_finish(store, statement_use(store, ST_ROLLBACK), "a group is taken back");
}

int store_item_begin(struct store *store)
{
	store->item_next = store->next;
	return statement_finish(store, statement_use(store, ST_SAVEPOINT), "an item begins");
}

int store_item_end(struct store *store, bool keep)
{
	/* A full disk may have rolled the whole group back already. */
	if (sqlite3_get_autocommit(store->db)) {
		errno = ENOSPC;
		return -1;
	}
	if (!keep) {
		store->next = store->item_next;
		if (statement_finish(store, statement_use(store, ST_ROLLBACK_TO), "an item is taken back"))
			return -1;
	}
	return statement_finish(store, statement_use(store, ST_RELEASE), "an item ends");
}
