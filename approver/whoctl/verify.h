/* verify.h: what `whoctl verify` found out about a log or a proof, and how it tells.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_VERIFY_H
#define WHOSH_WHOCTL_VERIFY_H

#include "approver/audit/audit.h"
#include "approver/whoctl/logkeys.h"

struct verification {
	const struct log_keys *keys;
	struct signed_checkpoint checkpoint;
	struct findings findings;
	struct audit_counts counts;
	int64_t old_size;    /* of --old; -1: none was given */
	int64_t archived;    /* entries before this one are */
	int64_t unpublished; /* entries of the journal beyond the checkpoint, which were verified too */
	int64_t beyond;      /* 1: there are files of a larger tree than the checkpoint's */
	int64_t cosigned[WITNESSES_MAX]; /* seconds; -1: it did not */
	bool looked_inside;              /* not --tree-only */
	int database;                    /* audit_database's answer */
	bool has_approver_key;
	unsigned char approver_key[KEY_BYTES];
	const char *command; /* of a proof: what it is of */
	cJSON *open;         /* the commands that have no outcome yet: [{id,index,approved}] */
};

void verification_finish(struct verification *v);
/* Print it, as text or JSON: 0 when nothing is wrong, else 1. */
int verification_tell(const struct ctl *ctl, struct verification *v);
/* Check the checkpoint's signatures: the log's, and every witness's on it or on `old` (may be NULL). */
void verification_signatures(struct verification *v, const struct signed_checkpoint *old);
/* audit_open's. */
void verification_open(const char *id, int64_t index, int64_t decided_ms, void *verification);

/* verify_proof.c: --proof FILE. */
int verify_proof(struct ctl *ctl);

#endif
