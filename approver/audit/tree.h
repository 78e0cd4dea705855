/* tree.h: the whole tree of a log, made again from its entries and held against its files.
 *
 * Every entry is hashed, every hash tile compared byte for byte, and the root is the one that the entries
 * give.  Of archived entries there are the hashes only, which then are what counts.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_TREE_H
#define WHOSH_AUDIT_TREE_H

#include "approver/audit/audit.h"
#include "approver/audit/source.h"

struct tree_walk {
	const struct log_source *source;
	struct pool *pool;
	struct findings *findings;
	int64_t size;
	int64_t old_size; /* also tell the root of the first so many entries; -1: of none */
	/* Given every batch of entries that are there, in order; NULL: only the hashes are of interest.
	 * false ends the walk. */
	bool (*entries)(void *arg, const struct audit_entry *entries, size_t n);
	void (*progress)(void *arg, int64_t done);
	void *arg;
	/* What came of it. */
	int64_t archived; /* entries before this one are archived */
	struct hash root, old_root;
};

/* How many of the first entries were archived: what the file "archived" beside the tree says, 0 without it.
 */
int64_t tree_archived(const struct log_source *source);
/* Walk it; false: out of memory, or `entries` ended it.  What is wrong becomes findings; that the roots are
 * other ones is for the caller to say. */
bool tree_walk(struct tree_walk *walk);

#endif
