/* exchanges.c: identity tokens that were exchanged, so that each makes one credential.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int store_exchange_put(struct store *store, const struct exchange *exchange)
{
	struct change change;
	change_begin(&change, store, ST_EXCHANGE_PUT);
	change_text(&change, exchange->token);
	change_text(&change, exchange->issuer);
	change_text(&change, exchange->jti);
	change_text(&change, exchange->credential);
	change_number(&change, exchange->until);
	return change_make(&change, "an exchange is kept") < 0 ? -1 : 0;
}

int store_exchange_find(struct store *store, const struct exchange *exchange, int64_t now, char **credential)
{
	struct change change;
	*credential = NULL;
	change_begin(&change, store, ST_EXCHANGES_DROP);
	change_number(&change, now);
	if (change_make(&change, "old exchanges are forgotten") < 0)
		return -1;
	sqlite3_stmt *s = statement_use(store, ST_EXCHANGE_FIND);
	text(s, 1, exchange->token);
	text(s, 2, exchange->issuer);
	text(s, 3, exchange->jti);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*credential = column_text(s, 0);
	int result = code == SQLITE_ROW    ? (*credential ? 1 : -1)
		     : code == SQLITE_DONE ? 0
					   : sqlite_failed(store->db, "an exchange is looked up");
	sqlite3_reset(s);
	return result;
}

int store_exchange_replayed(struct store *store, const struct exchange *exchange)
{
	struct change change;
	change_begin(&change, store, ST_EXCHANGE_REPLAYED);
	change_text(&change, exchange->token);
	change_text(&change, exchange->issuer);
	change_text(&change, exchange->jti);
	int changes = change_make(&change, "a replay is noted");
	return changes < 0 ? -1 : changes > 0;
}
