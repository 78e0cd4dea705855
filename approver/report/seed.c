/* seed.c: what decides which records a report shows; see seed.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/seed.h"
#include "common/buf.h"
#include "common/codec.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* The SHA-256 of the last event's body: nobody who asks for a report can choose it. */
int report_seed(struct store_reader *reader, int64_t log_size, char seed[SEED_LEN + 1], char *of, size_t size)
{
	unsigned char hash[32];
	struct buf hex BUF_AUTO = BUF_INIT;
	enum event_kind kind;
	int64_t ms;
	char *body = NULL;
	size_t len = 0;
	if (log_size > 0 && store_event(reader, log_size - 1, &kind, &ms, &body, &len) != 1)
		return -1;
	crypto_hash_sha256(hash, (const unsigned char *)(body ? body : ""), len);
	free(body);
	hex_encode(&hex, hash, sizeof hash);
	if (hex.failed)
		return -1;
	snprintf(seed, SEED_LEN + 1, "%s", hex.data);
	snprintf(of, size, "SHA-256 of event %" PRId64 " of the log", log_size - 1);
	return 0;
}
