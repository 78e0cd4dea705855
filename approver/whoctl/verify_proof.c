/* verify_proof.c: `whoctl verify --proof FILE`: one command's evidence, checked without the log.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/pool.h"
#include "approver/audit/proof.h"
#include "approver/whoctl/verify.h"
#include "common/io.h"
#include <stdlib.h>
#include <string.h>

/* The blobs of a proof, found by their hash. */
static int proof_blob(void *arg, const char hex[65], struct buf *out)
{
	const struct proof *proof = arg;
	for (size_t i = 0; i < proof->n; i++) {
		const char *blob = proof->parts[i].blob;
		struct hash hash;
		struct buf name BUF_AUTO = BUF_INIT;
		if (!blob)
			continue;
		hash_bytes(blob, strlen(blob), &hash);
		for (int k = 0; k < HASH_BYTES; k++)
			buf_addf(&name, "%02x", hash.bytes[k]);
		if (name.failed || strcmp(name.data, hex) != 0)
			continue;
		buf_adds(out, blob);
		return 1;
	}
	return 0;
}

static bool look_inside(struct verification *v, struct proof *proof)
{
	struct audit_settings settings = {.name = proof->checkpoint.head.origin,
					  .approver_key = v->keys->has_approver ? v->keys->approver : NULL,
					  .partial = true,
					  .blob = proof_blob,
					  .blob_arg = proof};
	struct pool *pool = pool_new();
	struct audit *audit = pool ? audit_new(&settings, pool, &v->findings) : NULL;
	struct audit_entry *entries = calloc(proof->n, sizeof *entries);
	for (size_t i = 0; entries && i < proof->n; i++)
		entries[i] = (struct audit_entry){proof->parts[i].index, proof->parts[i].entry,
						  strlen(proof->parts[i].entry)};
	bool good = audit && entries && audit_entries(audit, entries, proof->n);
	if (good) {
		if (!audit_has_command(audit, proof->command))
			audit_finding_add(&v->findings, -1, proof->command, "it is not what the proof is of");
		audit_open(audit, verification_open, v);
		v->counts = *audit_counts(audit);
		const unsigned char *key = audit_approver_key(audit);
		v->has_approver_key = key != NULL;
		if (key)
			memcpy(v->approver_key, key, KEY_BYTES);
	}
	free(entries);
	audit_free(audit);
	pool_free(pool);
	return good;
}

/* The key is --vkey's, else what the proof says itself. */
static int load_keys(struct ctl *ctl, const struct proof *proof, struct log_keys *keys)
{
	bool own = !given(ctl, OPT_VKEY);
	struct note_verifier key;
	if (own && (!proof->vkey || !note_vkey_parse(&key, proof->vkey)))
		return complain_usage(ctl, "--vkey is needed: the proof does not say the log's key");
	if (own)
		ctl->option[OPT_VKEY] = proof->vkey;
	int status = log_keys_load(ctl, NULL, keys);
	keys->own = own;
	return status;
}

int verify_proof(struct ctl *ctl)
{
	const char *path = ctl->option[OPT_PROOF], *why;
	struct buf text BUF_AUTO = BUF_INIT;
	struct proof proof = {0};
	struct log_keys keys;
	struct verification v = {.keys = &keys, .old_size = -1, .looked_inside = true};
	if (given(ctl, OPT_LOG) || given(ctl, OPT_OLD) || given(ctl, OPT_TREE_ONLY))
		return complain_usage(ctl,
				      "--proof is verified by itself, without --log, --old and --tree-only");
	why = read_regular(path, PROOF_FILE_MAX, &text);
	bool good = !why && proof_read(&proof, text.data ? text.data : "", text.len, &why);
	if (!good) {
		proof_finish(&proof);
		return complain(EXIT_FAILED, "%s: %s", path, why);
	}
	int status = load_keys(ctl, &proof, &keys);
	if (status == 0) {
		v.checkpoint = proof.checkpoint; /* lent */
		v.command = proof.command;
		verification_signatures(&v, NULL);
		proof_check(&proof, &v.findings);
		status = look_inside(&v, &proof) ? verification_tell(ctl, &v)
						 : complain(EXIT_FAILED, "out of memory");
		v.checkpoint = (struct signed_checkpoint){0};
	}
	verification_finish(&v);
	proof_finish(&proof);
	return status;
}
