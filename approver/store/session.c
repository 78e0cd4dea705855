/* session.c: a session belongs to the one credential that it began with, or to what that was rotated to.
 *
 * The idea.  A rotation must not end the sessions under way, so a credential that replaces the bound one
 * takes the session over; it is bound to the new one from then on, and the old one is another key like any
 * other. But for one thing: of two commands that a host sent at the same time, signed by the old key and then
 * by the new, the second may arrive first.  So what the old key signed before the command that took over
 * (their IDs are UUIDv7, made in that order by the host) is still believed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"
#include <stdlib.h>
#include <string.h>

/* What is kept of a session. */
struct bound {
	char *credential, *model, *was, *handed;
	int64_t seq;
};

static void bound_finish(struct bound *bound)
{
	free(bound->credential);
	free(bound->model);
	free(bound->was);
	free(bound->handed);
}

static void text(sqlite3_stmt *statement, int at, const char *value)
{
	sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC);
}

/* 1 found, 0 not there, -1 error. */
static int session_get(struct store *store, const char *session, struct bound *bound)
{
	sqlite3_stmt *s = statement_use(store, ST_SESSION_GET);
	text(s, 1, session);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*bound = (struct bound){.credential = column_text(s, 0),
					.seq = sqlite3_column_int64(s, 1),
					.model = column_text(s, 2),
					.was = column_text(s, 3),
					.handed = column_text(s, 4)};
	sqlite3_reset(s);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_failed(store->db, "a session is looked up");
	if (code == SQLITE_ROW && !bound->credential)
		return -1;
	return code == SQLITE_ROW;
}

/* Was `later` rotated from `earlier`, directly or through others?  1, 0, -1. */
static int succeeds(struct store *store, const char *later, const char *earlier)
{
	sqlite3_stmt *s = statement_use(store, ST_SUCCEEDS);
	text(s, 1, later);
	text(s, 2, earlier);
	int code = sqlite3_step(s);
	sqlite3_reset(s);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_failed(store->db, "a credential's rotations are looked up");
	return code == SQLITE_ROW;
}

/* May `credential` speak in the session?  1, 0, -1; a successor takes it over. */
static int admit(struct store *store, struct bound *bound, const char *credential, const char *command)
{
	if (!strcmp(bound->credential, credential))
		return 1;
	if (bound->was && bound->handed && !strcmp(bound->was, credential) &&
	    strcmp(command, bound->handed) < 0)
		return 1;
	int later = succeeds(store, credential, bound->credential);
	if (later != 1)
		return later;
	free(bound->was);
	free(bound->handed);
	bound->was = bound->credential;
	bound->handed = strdup(command);
	bound->credential = strdup(credential);
	return bound->handed && bound->credential ? 1 : -1;
}

int store_session_next(struct store *store, const char *session, const char *agent, const char *credential,
		       const char *command, const char *model, int64_t *seq, char **last_model)
{
	struct bound bound __attribute__((cleanup(bound_finish))) = {0};
	*last_model = NULL;
	int found = session_get(store, session, &bound);
	int admitted = found == 1 ? admit(store, &bound, credential, command) : found == 0 ? 1 : -1;
	if (admitted != 1)
		return admitted;
	*seq = bound.seq + 1;
	struct change change;
	change_begin(&change, store, ST_SESSION_PUT);
	change_text(&change, session);
	change_text(&change, agent);
	change_text(&change, bound.credential ? bound.credential : credential);
	change_number(&change, *seq);
	change_text(&change, model);
	change_text(&change, bound.was);
	change_text(&change, bound.handed);
	if (change_make(&change, "a session is kept") < 0)
		return -1;
	/* Of one that was never handed over, its command says all that is kept. */
	bool plain = !bound.was && !bound.handed;
	store->session_at = change.mark;
	store->session_len = plain && !store->replaying ? store->pending.rows.len - change.mark : 0;
	*last_model = bound.model;
	bound.model = NULL;
	return 1;
}

int store_session_owner(struct store_reader *reader, const char *session, char **credential)
{
	*credential = NULL;
	sqlite3_stmt *s = reader_prepare(reader, "SELECT credential FROM sessions WHERE id=?");
	if (!s)
		return -1;
	text(s, 1, session);
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*credential = column_text(s, 0);
	else if (code != SQLITE_DONE)
		sqlite_failed(reader->db, "a session's owner is looked up");
	sqlite3_finalize(s);
	return *credential ? 1 : code == SQLITE_DONE ? 0 : -1;
}
