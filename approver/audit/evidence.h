/* evidence.h: which entries of a log are the evidence of one command, found without a database.
 *
 * What happened to it, and what that rests on: the first entry (it names the approver's key), the entry that
 * enrolled the key it is signed with, the policy that decided, and the delegations of its chain with the keys
 * of those.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_EVIDENCE_H
#define WHOSH_AUDIT_EVIDENCE_H

#include "approver/audit/audit.h"
#include "approver/audit/proof.h"

struct evidence;

/* NULL: out of memory.  The source, the pool and `found` are borrowed. */
struct evidence *evidence_new(const struct log_source *source, struct pool *pool, const char *command,
			      struct proof_entries *found);
/* tree_walk's entries: `evidence` is one.  What has been found so far is in `found`. */
bool evidence_entries(void *evidence, const struct audit_entry *entries, size_t n);
/* Was the command's request among them? */
bool evidence_complete(const struct evidence *evidence);
void evidence_free(struct evidence *evidence);

#endif
