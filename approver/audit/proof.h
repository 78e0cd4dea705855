/* proof.h: one command's evidence in a file that an auditor keeps: its entries, each with the proof that the
 * log holds it.
 *
 *     {"whosh_proof":1,"command":ID,"vkey":KEY,
 *      "entries":[{"entry":TEXT,"blob":TEXT,"proof":"c2sp.org/tlog-proof@v1\nindex
 * 17\n…\n\n…checkpoint…"},…]}
 *
 * Each "proof" is complete by itself (c2sp.org/tlog-proof): it can be checked with the tools of others, and
 * all of them are to the same checkpoint.  "blob" is there for an entry that names one.  Besides what
 * happened to the command there are the entries that what happened rests on: which key the approver signs
 * with, which the agent, the policy, and the delegations of its chain.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_PROOF_H
#define WHOSH_AUDIT_PROOF_H

#include "approver/audit/findings.h"
#include "approver/audit/signed.h"
#include "approver/audit/source.h"
#include "common/json.h"

enum { PROOF_FILE_MAX = 64 << 20, PROOF_ENTRIES_MAX = 4096 };

/* Which entries; sorted and each once after proof_sort. */
struct proof_entries {
	int64_t *index;
	size_t n, room;
	bool failed;
};
void proof_entry(struct proof_entries *entries, int64_t index);
void proof_sort(struct proof_entries *entries);
void proof_entries_finish(struct proof_entries *entries);

/* Append the file.  `vkey` may be NULL.  false with a sentence in *error. */
bool proof_make(struct buf *out, const struct log_source *source, const struct signed_checkpoint *checkpoint,
		const char *command, const struct proof_entries *entries, const char *vkey, char **error);

/* A proof that was read.  Everything is borrowed from `tree`. */
struct proof_part {
	int64_t index;
	const char *entry, *blob; /* blob: NULL when there is none */
};
struct proof {
	cJSON *tree;
	const char *command, *vkey; /* vkey: NULL when it is not said */
	struct signed_checkpoint checkpoint;
	struct proof_part *parts;
	size_t n;
};
/* Read one, in form alone; false with a literal in *why.  Finish it either way. */
bool proof_read(struct proof *proof, const char *text, size_t len, const char **why);
/* Is each of its entries in the checkpoint's tree?  What is not becomes a finding. */
void proof_check(const struct proof *proof, struct findings *findings);
void proof_finish(struct proof *proof);

#endif
