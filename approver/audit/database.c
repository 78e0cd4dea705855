/* database.c: the approver's database held against its log; see database.h.
 *
 * It is opened read-only, and where its write-ahead log cannot be shared (a copy on a read-only medium) as it
 * lies there.  A database may be behind the log: it follows.  Then what it has not taken in yet is no
 * difference.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/database.h"
#include "approver/audit/state.h"
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct comparison {
	struct audit *audit;
	struct findings *findings;
	sqlite3 *db;
	int64_t applied; /* entries that the database has taken in */
	int64_t commands;
};

/* ── one command ──────────────────────────────────────────────────────────────────────────────────────── */

static const char *text_at(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	return text ? text : "";
}

/* COMMAND_PENDING, _APPROVED, _DENIED, _EXITED, _LOST of the store, as the log has it. */
static bool state_agrees(const struct audit_command *command, int64_t state)
{
	switch (command->state) {
	case AUDIT_REQUESTED:
		return state == 0;
	case AUDIT_APPROVED:
		return state == 1;
	case AUDIT_DENIED:
		return state == 2;
	case AUDIT_UNKNOWN:
		return state == 4;
	case AUDIT_ENDED: /* its host may have said that it is lost */
		return state == 3 || state == 4;
	}
	return false;
}

static void compare_command(struct comparison *c, sqlite3_stmt *s)
{
	const char *id = text_at(s, 0);
	const struct audit_command *command = map_get(&c->audit->commands, id);
	if (!command) {
		if (!c->audit->settings.partial)
			audit_finding_add(c->findings, -1, id,
					  "it is in the database and was never requested in the log");
		return;
	}
	c->commands++;
	if (strcmp(text_at(s, 1), command->s256) != 0)
		audit_finding_add(c->findings, command->index, id, "the database has it with other bytes");
	if (sqlite3_column_int64(s, 2) != command->index)
		audit_finding_add(c->findings, command->index, id, "the database has it as another entry");
	/* What came after the entries that the database has taken in, it cannot know. */
	bool decided = command->state != AUDIT_REQUESTED && command->decided_index < c->applied;
	if (sqlite3_column_int64(s, 3) != (decided ? command->decided_index : command->index))
		audit_finding_add(c->findings, command->index, id,
				  "the database has its decision as another entry");
	if (c->applied > c->audit->last_index && !state_agrees(command, sqlite3_column_int64(s, 4)))
		audit_finding_add(c->findings, command->index, id,
				  "the database says that it ended otherwise, or was decided otherwise");
}

static void compare_commands(struct comparison *c)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(
	    c->db, "SELECT id, command_s256, request_at, log_index, state FROM commands", -1, &s, NULL);
	while (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		compare_command(c, s);
	if (code != SQLITE_OK || sqlite3_finalize(s) != SQLITE_OK)
		audit_finding_add(c->findings, -1, NULL, "the database's commands cannot be read: %s",
				  sqlite3_errmsg(c->db));
	for (size_t i = 0; i < c->audit->commands.room; i++) {
		const struct audit_command *command = c->audit->commands.slots[i].value;
		bool decided = command && command->state != AUDIT_REQUESTED;
		/* A request and its decision at once are taken in together. */
		if (command && (decided ? command->decided_index : command->index) < c->applied)
			c->commands--;
	}
	if (c->commands < 0)
		audit_finding_add(c->findings, -1, NULL,
				  "%lld commands of the log are missing from the database",
				  (long long)-c->commands);
}

/* ── as a whole ───────────────────────────────────────────────────────────────────────────────────────── */

static bool open_database(sqlite3 **db, const char *path)
{
	struct buf uri BUF_AUTO = BUF_INIT;
	static const char *const modes[] = {"mode=ro", "immutable=1"};
	for (int i = 0; i < 2; i++) {
		buf_clear(&uri);
		buf_adds(&uri, "file:");
		for (const char *at = path; *at; at++)
			buf_addf(&uri, strchr("%?#", *at) ? "%%%02X" : "%c", (unsigned char)*at);
		buf_addf(&uri, "?%s", modes[i]);
		if (uri.failed)
			return false;
		if (sqlite3_open_v2(uri.data, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
			SQLITE_OK &&
		    sqlite3_exec(*db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK)
			return true;
		sqlite3_close(*db);
		*db = NULL;
	}
	return false;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t value = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

void audit_database_open(struct audit_database *database, const char *path)
{
	*database = (struct audit_database){.applied = -1};
	if (access(path, F_OK) != 0)
		return;
	database->state = -1;
	if (!open_database(&database->db, path))
		return;
	/* The first thing read is when the snapshot is taken. */
	if (sqlite3_exec(database->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return;
	database->applied = number(database->db, "SELECT n FROM applied");
	database->state = 1;
}

int audit_database_compare(struct audit_database *database, struct audit *audit, int64_t size)
{
	struct comparison c = {
	    .audit = audit, .findings = audit->findings, .db = database->db, .applied = database->applied};
	if (database->state == 0)
		return 0;
	if (database->state < 0) {
		audit_finding_add(c.findings, -1, NULL, "the database beside the log cannot be read");
		return -1;
	}
	if (c.applied < 0)
		audit_finding_add(c.findings, -1, NULL,
				  "the database does not say how much of the log it holds");
	else if (c.applied > size)
		audit_finding_add(
		    c.findings, -1, NULL,
		    "the database holds %lld entries, and the log %lld: entries are missing, or "
		    "its checkpoint is an old one",
		    (long long)c.applied, (long long)size);
	if (c.applied >= 0)
		compare_commands(&c);
	return c.applied < 0 ? -1 : 1;
}

void audit_database_close(struct audit_database *database)
{
	sqlite3_close(database->db);
	database->db = NULL;
}
