/* audit.h: what the entries of a log say, one after the other, held against each other and their signatures.
 *
 * The idea.  Entries come in batches, in order.  For each batch: (1) every entry is taken apart, on all
 * cores; (2) in order, what an entry says is held against what the entries before it said, keys come and go,
 * and for each signed message the keys are collected that could rightly have signed it just then; (3) the
 * signatures are tried, on all cores; (4) in order, what follows from who signed is checked.  Nothing is
 * believed of a database: the log alone must bear it out.
 *
 * The entries may be all of a log, what is left of one whose oldest entries are archived, or the few of a
 * proof: then what an entry refers to may not be there, and is counted in `unchecked` rather than found
 * wrong.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_AUDIT_H
#define WHOSH_AUDIT_AUDIT_H

#include "approver/audit/findings.h"
#include "approver/audit/leaf.h"
#include "approver/audit/map.h"
#include "common/jws.h"

struct pool;
struct audit;

/* One entry, as it is handed in.  The bytes are borrowed until audit_entries returns. */
struct audit_entry {
	int64_t index;
	const char *bytes;
	size_t len;
};

struct audit_settings {
	const char *name;                  /* the approver's name: who every message must be for */
	const unsigned char *approver_key; /* 32 bytes that permits must be signed with; NULL: what the log
					      says itself */
	bool partial;                      /* entries before the first, or between them, are not there */
	/* Read a blob whole by its hash: 1, 0 not there, -1.  NULL: there are none. */
	int (*blob)(void *arg, const char hex[65], struct buf *out);
	void *blob_arg;
};

struct audit_counts {
	int64_t entries, commands, permits, outcomes, delegations, reviews, approved, denied, unknown;
	int64_t archived;  /* the log says that so many of the first entries were taken away */
	int64_t sealed;    /* encrypted at rest: only their hashes are checked */
	int64_t unchecked; /* what refers to entries that are not here */
	int64_t open;      /* approved, and neither an outcome nor a reason why not */
};

/* NULL: out of memory.  The settings' pointers, the pool and the findings are borrowed. */
struct audit *audit_new(const struct audit_settings *settings, struct pool *pool, struct findings *findings);
/* The next entries, in order; false: out of memory. */
bool audit_entries(struct audit *audit, const struct audit_entry *entries, size_t n);
/* After the last: call fn for each command that is still open, oldest first. */
void audit_open(struct audit *audit, void (*fn)(const char *id, int64_t index, int64_t decided_ms, void *),
		void *arg);
const struct audit_counts *audit_counts(const struct audit *audit);
/* The approver's key that permits were held against (32 bytes); NULL: the log names none. */
const unsigned char *audit_approver_key(const struct audit *audit);
/* Did this command's JWS, permit or outcome come by?  For a proof, which must be of the command that it says.
 */
bool audit_has_command(const struct audit *audit, const char *id);
void audit_free(struct audit *audit);

#endif
