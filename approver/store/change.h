/* change.h: a change of a table, made by one of the writer's statements and noted for the log.
 *
 * The log is the truth, so a table may hold nothing that its leaves do not say.  Most of what tables hold is
 * not in any signed message (a credential's key, a session's number, who reviewed), and goes into the leaf of
 * the event that it belongs to, as ["TABLE",{"COLUMN":VALUE,…}]: the statement's name, and what was bound to
 * it.  Rebuilding the tables is making the same changes again, in the same order.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_CHANGE_H
#define WHOSH_STORE_CHANGE_H

#include "approver/store/sqlite.h"
#include <cjson/cJSON.h>

struct change {
	struct store *store;
	sqlite3_stmt *statement;
	const struct change_form *kind;
	int at;      /* parameters bound so far */
	size_t mark; /* where its note begins */
	bool failed;
};

/* Values are given in the order of the statement's parameters, and must stay until change_make.  What is NULL
 * or 0 is not noted. */
void change_begin(struct change *change, struct store *store, enum statement which);
void change_text(struct change *change, const char *value);
/* A text that the table has by its number in `names`. */
void change_name(struct change *change, const char *value);
void change_number(struct change *change, int64_t value);
void change_bytes(struct change *change, const void *bytes, size_t len);
/* Make it: how many rows it changed, or -1 after logging `what`.  What changed none is not noted. */
int change_make(struct change *change, const char *what);

/* With `by_message`: the leaf's signed message says all of it, and its note is the name alone. */
void change_signed(struct change *change, bool by_message);
/* Make again what a leaf notes.  0, or -1: no such table, a malformed value, or the store failed. */
int change_again(struct store *store, const char *name, const cJSON *values);

#endif
