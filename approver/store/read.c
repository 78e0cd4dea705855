/* read.c: looking things up, each thread on a connection of its own.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/derive.h"
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

#define SELECT_COMMANDS "SELECT " COMMAND_READ " FROM commands c "
static const char select_commands[] = SELECT_COMMANDS;

static char *column_bytes(sqlite3_stmt *statement, int column, size_t *len)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	*len = (size_t)sqlite3_column_bytes(statement, column);
	char *copy = malloc(*len + 1);
	if (copy) {
		if (*len)
			memcpy(copy, bytes, *len);
		copy[*len] = '\0';
	}
	return copy;
}

sqlite3_stmt *reader_prepare(struct store_reader *reader, const char *sql)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(reader->db, sql, -1, &statement, NULL) == SQLITE_OK)
		return statement;
	sqlite_failed(reader->db, "a question is put");
	return NULL;
}

/* Of an agent that works for its owner: as when it was decided. */
static char *own_chain(const struct command_row *row)
{
	struct buf chain = BUF_INIT;
	derive_chain_head(&chain, row->agent, row->human, row->chain_since);
	derive_chain_end(&chain, row->task);
	if (!chain.failed)
		return buf_take(&chain);
	buf_finish(&chain);
	return NULL;
}

void command_fill(sqlite3_stmt *s, struct command_row *row)
{
	int at = 0;
	memset(row, 0, sizeof *row);
#define GET_TEXT(name) row->name = column_text(s, at++);
#define GET_INTEGER(name) row->name = (__typeof__(row->name))sqlite3_column_int64(s, at++);
#define GET_BYTES(name) row->name = column_bytes(s, at++, &row->name##_len);
	COMMAND_COLUMNS(GET_TEXT, GET_TEXT, GET_INTEGER, GET_BYTES)
	if (row->chain_since && row->agent && row->human)
		row->chain = own_chain(row);
}

static int each_command(struct store_reader *reader, sqlite3_stmt *s, store_command_fn *fn, void *arg)
{
	int code;
	bool more = true;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct command_row row;
		command_fill(s, &row);
		more = fn(&row, arg);
		command_row_finish(&row);
	}
	int result = !more || code == SQLITE_DONE ? 0 : sqlite_failed(reader->db, "commands are read");
	sqlite3_finalize(s);
	return result;
}

/* 1 when the statement has a row, which is then current; 0 or -1 when it has none. */
static int one(struct store_reader *reader, sqlite3_stmt *s)
{
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : sqlite_failed(reader->db, "a row is read");
}

/* The last step's code is SQLITE_ROW when its reader had enough. */
int reader_listed(struct store_reader *reader, sqlite3_stmt *s, int code)
{
	bool good = s && (code == SQLITE_ROW || code == SQLITE_DONE);
	if (s && !good)
		sqlite_failed(reader->db, "rows are listed");
	sqlite3_finalize(s);
	return good ? 0 : -1;
}

int store_command(struct store_reader *reader, const char *id, struct command_row *row)
{
	char sql[sizeof select_commands + 32];
	strcpy(sql, select_commands);
	strcat(sql, "WHERE id=?");
	sqlite3_stmt *s = reader_prepare(reader, sql);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	int found = one(reader, s);
	if (found == 1)
		command_fill(s, row);
	sqlite3_finalize(s);
	return found;
}

int store_in_state(struct store_reader *reader, enum command_state state, store_command_fn *fn, void *arg)
{
	char sql[sizeof select_commands + 64];
	strcpy(sql, select_commands);
	strcat(sql, state < 2 ? "WHERE state=? AND state<2 ORDER BY n" : "WHERE state=? ORDER BY n");
	sqlite3_stmt *s = reader_prepare(reader, sql);
	if (!s)
		return -1;
	sqlite3_bind_int(s, 1, (int)state);
	return each_command(reader, s, fn, arg);
}

static void fill_agent(sqlite3_stmt *s, struct agent_row *row)
{
	*row = (struct agent_row){.id = column_text(s, 0),
				  .owner = column_text(s, 1),
				  .created = sqlite3_column_int64(s, 2),
				  .disabled = sqlite3_column_int(s, 3) != 0,
				  .last_used = sqlite3_column_int64(s, 4),
				  .credentials = sqlite3_column_int64(s, 5),
				  .delegated = sqlite3_column_int(s, 6) != 0};
}

#define SELECT_AGENTS                                                                                        \
	"SELECT id,owner,created,disabled,(SELECT coalesce(max(last_used),0) FROM credentials c WHERE "      \
	"c.agent=a.id),"                                                                                     \
	"(SELECT count(*) FROM credentials c WHERE c.agent=a.id AND c.revoked=0),delegated FROM agents a "

int store_agent(struct store_reader *reader, const char *id, struct agent_row *row)
{
	sqlite3_stmt *s = reader_prepare(reader, SELECT_AGENTS "WHERE id=?");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	int found = one(reader, s);
	if (found == 1)
		fill_agent(s, row);
	sqlite3_finalize(s);
	return found;
}

int store_agents(struct store_reader *reader, bool (*fn)(const struct agent_row *, void *), void *arg)
{
	sqlite3_stmt *s = reader_prepare(reader, SELECT_AGENTS "ORDER BY id");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct agent_row row;
		fill_agent(s, &row);
		more = fn(&row, arg);
		agent_row_finish(&row);
	}
	return reader_listed(reader, s, code);
}

#define SELECT_CREDENTIALS                                                                                   \
	"SELECT id,agent,key,issued,not_before,expires,revoked,last_used,issued_by,revoked_by,replaces,"     \
	"source FROM credentials "

static void fill_credential(sqlite3_stmt *s, struct credential_row *row)
{
	*row = (struct credential_row){.id = column_text(s, 0),
				       .agent = column_text(s, 1),
				       .issued = sqlite3_column_int64(s, 3),
				       .not_before = sqlite3_column_int64(s, 4),
				       .expires = sqlite3_column_int64(s, 5),
				       .revoked = sqlite3_column_int64(s, 6),
				       .last_used = sqlite3_column_int64(s, 7),
				       .issued_by = column_text(s, 8),
				       .revoked_by = column_text(s, 9),
				       .replaces = column_text(s, 10),
				       .source = column_text(s, 11)};
	if (sqlite3_column_bytes(s, 2) == (int)sizeof row->key)
		memcpy(row->key, sqlite3_column_blob(s, 2), sizeof row->key);
}

int store_credential(struct store_reader *reader, const char *id, struct credential_row *row)
{
	sqlite3_stmt *s = reader_prepare(reader, SELECT_CREDENTIALS "WHERE id=?");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	int found = one(reader, s);
	if (found == 1)
		fill_credential(s, row);
	sqlite3_finalize(s);
	return found;
}

int store_credentials(struct store_reader *reader, bool (*fn)(const struct credential_row *, void *),
		      void *arg)
{
	sqlite3_stmt *s = reader_prepare(reader, SELECT_CREDENTIALS "ORDER BY agent,issued");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct credential_row row;
		fill_credential(s, &row);
		more = fn(&row, arg);
		credential_row_finish(&row);
	}
	return reader_listed(reader, s, code);
}

int store_operators(struct store_reader *reader, bool (*fn)(const struct operator_row *, void *), void *arg)
{
	sqlite3_stmt *s = reader_prepare(
	    reader, "SELECT name,role,token_s256,created,disabled FROM operators ORDER BY name");
	int code = SQLITE_ROW;
	bool more = s != NULL;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct operator_row row = {column_text(s, 0), column_text(s, 1), column_text(s, 2),
					   sqlite3_column_int64(s, 3), sqlite3_column_int(s, 4) != 0};
		more = fn(&row, arg);
		operator_row_finish(&row);
	}
	return reader_listed(reader, s, code);
}

int store_policy(struct store_reader *reader, const char *s256, char **text, size_t *len)
{
	sqlite3_stmt *s = reader_prepare(reader, "SELECT text FROM policies WHERE s256=?");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, s256, -1, SQLITE_STATIC);
	int found = one(reader, s);
	if (found == 1)
		*text = column_bytes(s, 0, len);
	sqlite3_finalize(s);
	return found == 1 && !*text ? -1 : found;
}

int store_reviews(struct store_reader *reader, const char *command, char **names)
{
	sqlite3_stmt *s = reader_prepare(
	    reader, "SELECT coalesce(json_group_array(operator),'[]') FROM (SELECT operator FROM "
		    "reviews WHERE command=? ORDER BY ms,operator)");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, command, -1, SQLITE_STATIC);
	*names = one(reader, s) == 1 ? column_text(s, 0) : NULL;
	sqlite3_finalize(s);
	return *names ? 0 : -1;
}
