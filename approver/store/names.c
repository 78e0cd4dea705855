/* names.c: texts that many commands have in common, each kept once.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

/* FNV-1a: which place a text has among the known ones. */
static size_t place(const char *text)
{
	uint64_t hash = 14695981039346656037u;
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return (size_t)(hash % NAMES_KNOWN);
}

static int64_t look_up(struct store *store, const char *text)
{
	sqlite3_stmt *s = statement_use(store, ST_NAME_GET);
	sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
	int code = sqlite3_step(s);
	int64_t number = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return code == SQLITE_ROW || code == SQLITE_DONE ? number
							 : sqlite_failed(store->db, "a name is looked up");
}

static int64_t add(struct store *store, const char *text)
{
	sqlite3_stmt *s = statement_use(store, ST_NAME_PUT);
	sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
	if (statement_finish(store, s, "a name is kept"))
		return -1;
	store->names.added = true;
	return sqlite3_last_insert_rowid(store->db);
}

int64_t name_number(struct store *store, const char *text)
{
	if (!text)
		return 0;
	struct known_name *known = &store->names.known[place(text)];
	if (known->text && !strcmp(known->text, text))
		return known->number;
	int64_t number = look_up(store, text);
	if (!number)
		number = add(store, text);
	if (number < 0)
		return -1;
	char *copy = strdup(text);
	if (copy) { /* it is only known */
		free(known->text);
		*known = (struct known_name){copy, number};
	}
	return number;
}

void names_forget(struct store *store)
{
	for (size_t i = 0; i < NAMES_KNOWN; i++) {
		free(store->names.known[i].text);
		store->names.known[i].text = NULL;
	}
	store->names.added = false;
}
