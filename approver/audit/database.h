/* database.h: does the approver's database say what the log says?
 *
 * The database is an index of the log.  Whoever edits it changes what `whoctl who` answers and not what
 * happened; this finds out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_DATABASE_H
#define WHOSH_AUDIT_DATABASE_H

#include "approver/audit/audit.h"

/* The database as it is at one moment.  Open it before the log is read: the log is written first, so what the
 * log has then is at least what the database has. */
struct audit_database {
	struct sqlite3 *db;
	int64_t applied; /* entries that it has taken in; -1: it does not say */
	int state;       /* 1: open; 0: there is none; -1: it cannot be read */
};
void audit_database_open(struct audit_database *database, const char *path);
/* Hold it against what the audit has seen of a log of `size` entries.  What differs, or that it cannot be
 * read, becomes findings.  1: compared; 0: there is no database; -1. */
int audit_database_compare(struct audit_database *database, struct audit *audit, int64_t size);
void audit_database_close(struct audit_database *database);

#endif
