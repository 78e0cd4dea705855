/* delegations.c: hops of principal chains, and the keys that people sign them with.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"
#include <stdlib.h>
#include <string.h>

int store_hop_put(struct store *store, const struct hop_row *row)
{
	struct change change;
	const char *const texts[] = {row->id,    row->hash,  row->s256, row->parent, row->issuer,
				     row->human, row->agent, row->task, row->signer};
	const int64_t numbers[] = {row->depth, row->issued, row->expires, row->revoked, row->log_index};
	change_begin(&change, store, ST_HOP_PUT);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		change_text(&change, texts[i]);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		change_number(&change, numbers[i]);
	change_text(&change, row->revoked_by);
	int kept = change_make(&change, "a delegation is kept");
	return kept < 0 ? -1 : !kept;
}

int store_hop_revoke(struct store *store, const char *id, int64_t ms, const char *by)
{
	struct change change;
	change_begin(&change, store, ST_HOP_REVOKE);
	change_number(&change, ms);
	change_text(&change, by);
	change_text(&change, id);
	return change_make(&change, "a delegation is revoked") < 0 ? -1 : 0;
}

int store_key_put(struct store *store, const struct key_row *row)
{
	struct change change;
	change_begin(&change, store, ST_KEY_PUT);
	change_text(&change, row->id);
	change_text(&change, row->person);
	change_bytes(&change, row->key, sizeof row->key);
	change_number(&change, row->issued);
	change_number(&change, row->expires);
	change_number(&change, row->revoked);
	change_text(&change, row->revoked_by);
	return change_make(&change, "a person's key is kept") < 0 ? -1 : 0;
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
