/* exchanges.c: identity tokens that were exchanged, so that each makes one credential.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int store_exchange_put(struct store *store, const struct exchange *exchange)
{
	sqlite3_stmt *s = statement_use(store, ST_EXCHANGE_PUT);
	text(s, 1, exchange->token);
	text(s, 2, exchange->issuer);
	text(s, 3, exchange->jti);
	text(s, 4, exchange->credential);
	sqlite3_bind_int64(s, 5, exchange->until);
	return statement_finish(store, s, "an exchange is kept");
}

int store_exchange_find(struct store *store, const struct exchange *exchange, int64_t now, char **credential)
{
	*credential = NULL;
	sqlite3_stmt *s = statement_use(store, ST_EXCHANGES_DROP);
	sqlite3_bind_int64(s, 1, now);
	if (statement_finish(store, s, "old exchanges are forgotten"))
		return -1;
	s = statement_use(store, ST_EXCHANGE_FIND);
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
	sqlite3_stmt *s = statement_use(store, ST_EXCHANGE_REPLAYED);
	text(s, 1, exchange->token);
	text(s, 2, exchange->issuer);
	text(s, 3, exchange->jti);
	if (statement_finish(store, s, "a replay is noted"))
		return -1;
	return sqlite3_changes(store->db) > 0;
}
