/* record.h: a command as people's programs see it (the record of `whoctl who --json` and a little more).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_RECORD_H
#define WHOSH_HTTP_RECORD_H

#include "approver/secrets/row.h"
#include "approver/store/store.h"
#include "common/buf.h"

/* A listing ends at so many bytes.  Its commands may have a line of a megabyte each: a few hundred of those,
 * that one agent left, must not cost the approver its memory whenever somebody looks.  (whoctl takes 64 MiB.)
 */
enum { LISTING_FULL = 32 << 20 };

/* Append `,"name":"value"` or `,"name":null`. */
void record_text(struct buf *out, const char *name, const char *value);
/* Append `,"name":"2026-…Z"`, or null when ms is 0. */
void record_time(struct buf *out, const char *name, int64_t ms);

/* Append the record's members, the object left open for more: `{"id":…`.  Its secrets are masked, and it says
 * `"masked":true` when it had any; NULL: nothing is masked. */
void record_open(struct buf *out, const struct command_row *row, const struct secrets *secrets);
/* The same of a row that is masked already; `whole`: with the grade and source of what `detail` holds, too,
 * for one command, not for lists. */
void record_open_masked(struct buf *out, const struct masked_row *masked, bool whole);
/* Append `,"name":"value"` as record_text does, secrets masked. */
void record_masked_text(struct buf *out, const char *name, const char *value, const struct secrets *secrets);
/* Append a JSON text, its strings masked. */
void record_masked_json(struct buf *out, const char *json, const struct secrets *secrets);
/* Append what only matters while it is pending: `,"expires":…,"reviewers_needed":…,"not_in_chain":…`. */
void record_pending(struct buf *out, const struct command_row *row);

#endif
