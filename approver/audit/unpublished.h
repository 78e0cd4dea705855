/* unpublished.h: what an approver had committed and not yet written out for others: the end of its log that
 * is in its journal alone.
 *
 * Of an approver that runs, or was killed, the files that are published may be behind by what came in the
 * last moment.  The journal (log/journal.c) holds the rest: groups of entries, each with its signed
 * checkpoint.  What was torn by a crash is no group, and was never promised to anybody.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_UNPUBLISHED_H
#define WHOSH_AUDIT_UNPUBLISHED_H

#include "approver/audit/audit.h"
#include "approver/audit/signed.h"
#include "approver/audit/source.h"

struct unpublished {
	struct buf bytes;            /* the journal */
	struct audit_entry *entries; /* they point into it; from the published size on, without a gap */
	size_t n, room;
	struct unpublished_blob {
		struct hash hash;
		const char *bytes;
		size_t len;
	} * blobs;
	size_t n_blobs, blob_room;
	struct signed_checkpoint last; /* of the last group */
	const struct log_source *source;
};

/* Read what a log of `size` published entries has beyond them.  false: out of memory.  Finish it either way.
 */
bool unpublished_read(struct unpublished *more, const struct log_source *source, int64_t size);
void unpublished_finish(struct unpublished *more);
/* Does the published tree of `size`, grown by them, have the root that the last checkpoint signs for? */
bool unpublished_fits(const struct unpublished *more, int64_t size);
/* audit_settings' blob, `arg` being one: from the journal, else from its source. */
int unpublished_blob(void *arg, const char hex[65], struct buf *out);

#endif
