/* proof.c: what ties a report to the log; see proof.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/proof.h"
#include "approver/log/log.h"
#include "common/codec.h"
#include <stdio.h>

int proof_checkpoint(struct log *log, struct buf *note, int64_t *size, char seed[SEED_LEN + 1])
{
	struct checkpoint checkpoint;
	struct buf hex BUF_AUTO = BUF_INIT;
	size_t text_len;
	if (log_checkpoint(log, note) || note->failed ||
	    !checkpoint_parse(&checkpoint, note->data, note->len, &text_len))
		return -1;
	hex_encode(&hex, checkpoint.root.bytes, HASH_BYTES);
	if (hex.failed)
		return -1;
	*size = checkpoint.size;
	snprintf(seed, SEED_LEN + 1, "%s", hex.data);
	return 0;
}

void proof_add(struct buf *out, struct log *log, int64_t index, int64_t size)
{
	struct hash path[2 * MERKLE_HEIGHT];
	int n = index < size ? merkle_inclusion(index, size, log_hash, log, path) : -1;
	buf_adds(out, n < 0 ? "null" : "[");
	for (int i = 0; i < n; i++) {
		buf_adds(out, i ? ",\"" : "\"");
		base64_encode(out, path[i].bytes, HASH_BYTES);
		buf_addc(out, '"');
	}
	buf_adds(out, n < 0 ? "" : "]");
}
