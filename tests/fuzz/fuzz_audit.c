/* fuzz_audit.c: any bytes as an entry of the log, as a proof, as a journal and as a checkpoint: what an
 * auditor is handed comes from whoever is in doubt.  Nothing is believed that no key signed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/audit.h"
#include "approver/audit/pool.h"
#include "approver/audit/proof.h"
#include "approver/audit/unpublished.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const char *text;
	size_t len;
};

/* Two entries and more, a line each, so that the second refers to the first. */
static void as_entries(const struct bytes *in, struct findings *findings)
{
	static struct pool *pool;
	struct audit_settings settings = {.name = "whoshd:fuzz"};
	struct audit_entry entries[8];
	size_t n = 0;
	if (!pool)
		pool = pool_new();
	struct audit *audit = audit_new(&settings, pool, findings);
	if (!audit)
		abort();
	for (const char *at = in->text, *end = at + in->len; at < end && n < 8;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		entries[n] = (struct audit_entry){(int64_t)n, at, len};
		n++;
		at += len + 1;
	}
	audit_entries(audit, entries, n);
	audit_free(audit);
}

static int from_memory(void *arg, const char *path, struct buf *out)
{
	const struct bytes *in = arg;
	if (strcmp(path, "journal") != 0)
		return 0;
	buf_add(out, in->text, in->len);
	return 1;
}

static void as_journal(struct bytes *in)
{
	const struct log_source source = {from_memory, in};
	struct unpublished more;
	if (unpublished_read(&more, &source, 0) && more.n && more.entries[0].index != 0)
		abort();
	for (size_t i = 1; i < more.n; i++)
		if (more.entries[i].index != (int64_t)i)
			abort();
	if (more.n)
		unpublished_fits(&more, 0);
	unpublished_finish(&more);
}

static void as_proof(const struct bytes *in, struct findings *findings)
{
	struct proof proof;
	const char *why;
	if (proof_read(&proof, in->text, in->len, &why))
		proof_check(&proof, findings);
	proof_finish(&proof);
}

static void as_checkpoint(const struct bytes *in)
{
	struct signed_checkpoint checkpoint;
	struct note_verifier key;
	const char *why;
	static const char vkey[] = "whoshd:test+a6dbdd85+AQbrYoL0ODtemwa0Yn8KqSDDtd75iniR0TDwn9/EsEKu";
	if (!note_vkey_parse(&key, vkey))
		abort();
	if (signed_read(&checkpoint, in->text, in->len, &why) && checkpoint.head.size < 0)
		abort();
	signed_finish(&checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = {0};
	struct bytes in = {(const char *)data + 1, size ? size - 1 : 0};
	if (!size)
		return 0;
	switch (data[0] & 3) {
	case 0:
		as_entries(&in, &findings);
		break;
	case 1:
		as_journal(&in);
		break;
	case 2:
		as_proof(&in, &findings);
		break;
	default:
		as_checkpoint(&in);
	}
	audit_findings_finish(&findings);
	return 0;
}
