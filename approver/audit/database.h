/* database.h: does the approver's database say what the log says?
 *
 * The database is an index of the log.  Whoever edits it changes what `whoctl who` answers and not what
 * happened; this finds out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_DATABASE_H
#define WHOSH_AUDIT_DATABASE_H

#include "approver/audit/audit.h"

/* Hold the database at `path` against what the audit has seen of a log of `size` entries.  What differs
 * becomes findings.  1: compared; 0: there is no database; -1: it cannot be read, which is a finding too. */
int audit_database(struct audit *audit, const char *path, int64_t size);

#endif
