/* delegations.c: hops of principal chains, and the keys that people sign them with.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

int store_hop_put(struct store *store, const struct hop_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_HOP_PUT);
	const char *const texts[] = {row->id,    row->hash,  row->s256, row->parent, row->issuer,
				     row->human, row->agent, row->task, row->signer};
	const int64_t numbers[] = {row->depth, row->issued, row->expires, row->revoked, row->log_index};
	int at = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		text(s, ++at, texts[i]);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sqlite3_bind_int64(s, ++at, numbers[i]);
	text(s, ++at, row->revoked_by);
	if (statement_finish(store, s, "a delegation is kept"))
		return -1;
	return sqlite3_changes(store->db) ? 0 : 1;
}

int store_hop_revoke(struct store *store, const char *id, int64_t ms, const char *by)
{
	sqlite3_stmt *s = statement_use(store, ST_HOP_REVOKE);
	sqlite3_bind_int64(s, 1, ms);
	text(s, 2, by);
	text(s, 3, id);
	return statement_finish(store, s, "a delegation is revoked");
}

int store_key_put(struct store *store, const struct key_row *row)
{
	sqlite3_stmt *s = statement_use(store, ST_KEY_PUT);
	text(s, 1, row->id);
	text(s, 2, row->person);
	sqlite3_bind_blob(s, 3, row->key, sizeof row->key, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, row->issued);
	sqlite3_bind_int64(s, 5, row->expires);
	sqlite3_bind_int64(s, 6, row->revoked);
	text(s, 7, row->revoked_by);
	return statement_finish(store, s, "a person's key is kept");
}

static void fill_hop(sqlite3_stmt *s, struct hop_row *row)
{
	*row = (struct hop_row){.id = column_text(s, 0),
				.hash = column_text(s, 1),
				.s256 = column_text(s, 2),
				.parent = column_text(s, 3),
				.issuer = column_text(s, 4),
				.human = column_text(s, 5),
				.agent = column_text(s, 6),
				.task = column_text(s, 7),
				.signer = column_text(s, 8),
				.depth = sqlite3_column_int64(s, 9),
				.issued = sqlite3_column_int64(s, 10),
				.expires = sqlite3_column_int64(s, 11),
				.revoked = sqlite3_column_int64(s, 12),
				.log_index = sqlite3_column_int64(s, 13),
				.revoked_by = column_text(s, 14)};
}

int store_hops(struct store_reader *reader, int64_t ms, bool (*fn)(const struct hop_row *, void *), void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader, "SELECT id,hash,s256,parent,issuer,human,agent,task,signer,depth,issued,expires,revoked,"
		    "log_index,revoked_by FROM hops WHERE expires>? ORDER BY log_index DESC");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	if (s)
		sqlite3_bind_int64(s, 1, ms);
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct hop_row row;
		fill_hop(s, &row);
		more = fn(&row, arg);
		hop_row_finish(&row);
	}
	return reader_listed(reader, s, code);
}

int store_keys(struct store_reader *reader, bool (*fn)(const struct key_row *, void *), void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader,
	    "SELECT id,person,key,issued,expires,revoked,revoked_by FROM person_keys ORDER BY person,issued");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct key_row row = {.id = column_text(s, 0),
				      .person = column_text(s, 1),
				      .issued = sqlite3_column_int64(s, 3),
				      .expires = sqlite3_column_int64(s, 4),
				      .revoked = sqlite3_column_int64(s, 5),
				      .revoked_by = column_text(s, 6)};
		if (sqlite3_column_bytes(s, 2) == (int)sizeof row.key)
			memcpy(row.key, sqlite3_column_blob(s, 2), sizeof row.key);
		more = fn(&row, arg);
		key_row_finish(&row);
	}
	return reader_listed(reader, s, code);
}

void hop_row_finish(struct hop_row *row)
{
	char *const texts[] = {row->id,    row->hash,  row->s256, row->parent, row->issuer,
			       row->human, row->agent, row->task, row->signer, row->revoked_by};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	memset(row, 0, sizeof *row);
}

void key_row_finish(struct key_row *row)
{
	free(row->id);
	free(row->person);
	free(row->revoked_by);
	memset(row, 0, sizeof *row);
}
