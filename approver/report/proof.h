/* proof.h: what ties a report to the log: the checkpoint that it is of, and its samples' inclusion proofs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_PROOF_H
#define WHOSH_REPORT_PROOF_H

#include "approver/report/pick.h"
#include "common/buf.h"

struct log;

/* The log's checkpoint, a signed note, appended to `note`; its size, and the seed that its root is as 64
 * hexadecimal digits.  0 or -1. */
int proof_checkpoint(struct log *log, struct buf *note, int64_t *size, char seed[SEED_LEN + 1]);
/* Append the audit path (RFC 6962 section 2.1.1) of leaf `index` in the tree of `size`, as a JSON array of
 * base64; null when it cannot be had. */
void proof_add(struct buf *out, struct log *log, int64_t index, int64_t size);

#endif
