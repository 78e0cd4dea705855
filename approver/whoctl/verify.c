/* verify.c: `whoctl verify`: is this log, or a copy of it, what it was when it was written?
 *
 * Nothing is asked of the approver, no key that signs is needed, and nothing is written.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/verify.h"
#include "approver/audit/findings.h"
#include "approver/audit/database.h"
#include "approver/audit/pool.h"
#include "approver/audit/tree.h"
#include "approver/audit/unpublished.h"
#include "common/clock.h"
#include "common/io.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_MS = 100, JOURNAL_BATCH = 4096, MORE_TRIES = 4 };

struct verifying {
	struct audit *audit;
	int64_t size, told; /* when progress was last told; -1: nobody looks */
};

static void progress(void *arg, int64_t done)
{
	struct verifying *verifying = arg;
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t now = clock_mono_ms();
	if (verifying->told < 0 || now - verifying->told < PROGRESS_MS)
		return;
	verifying->told = now;
	buf_addf(&text, "\rverifying: %" PRId64 " of %" PRId64 " entries (%" PRId64 " %%)", done,
		 verifying->size, done * 100 / verifying->size);
	if (!text.failed)
		write_all(STDERR_FILENO, text.data, text.len);
}

static bool entries(void *arg, const struct audit_entry *list, size_t n)
{
	struct verifying *verifying = arg;
	return audit_entries(verifying->audit, list, n);
}

/* A larger tree's files beside this checkpoint: a copy that was made while the log grew, or a checkpoint that
 * is older than the log. */
static bool is_beyond(const struct log_source *source, int64_t size)
{
	int64_t last = size / TILE_WIDTH;
	for (int width = TILE_WIDTH; width > size % TILE_WIDTH; width--) {
		char path[TILE_PATH];
		struct buf ignored BUF_AUTO = BUF_INIT;
		tile_path(&(struct tile){0, last, width}, path);
		if (source->read(source->arg, path, &ignored) == 1)
			return true;
	}
	return false;
}

static void check_roots(struct verification *v, const struct tree_walk *walk,
			const struct signed_checkpoint *old)
{
	if (!hash_same(&walk->root, &v->checkpoint.head.root))
		audit_finding_add(&v->findings, -1, NULL,
				  "the entries are not those that the checkpoint signs for: another root");
	if (!old || strcmp(old->head.origin, v->checkpoint.head.origin) != 0)
		return;
	if (old->head.size > walk->size)
		audit_finding_add(&v->findings, -1, NULL,
				  "the log has shrunk: it had %" PRId64 " entries, and has %" PRId64,
				  old->head.size, walk->size);
	else if (!hash_same(&walk->old_root, &old->head.root))
		audit_finding_add(&v->findings, -1, NULL,
				  "the log was rewritten: its first %" PRId64
				  " entries are not those of the older checkpoint",
				  old->head.size);
}

/* What was committed and not yet published when the copy was made. */
static bool walk_journal(struct verification *v, struct verifying *verifying, const struct unpublished *more)
{
	int64_t size = v->checkpoint.head.size;
	if (!more->n)
		return true;
	if (signed_by(&more->last, &v->keys->log, NULL) != 1 || !unpublished_fits(more, size)) {
		audit_finding_add(&v->findings, -1, NULL,
				  "the journal does not go on from the checkpoint: its own is not signed for "
				  "these entries");
		return true;
	}
	v->unpublished = (int64_t)more->n;
	for (size_t at = 0; v->looked_inside && at < more->n; at += JOURNAL_BATCH) {
		size_t n = more->n - at < JOURNAL_BATCH ? more->n - at : JOURNAL_BATCH;
		if (!audit_entries(verifying->audit, more->entries + at, n))
			return false;
	}
	return true;
}

static int walk_log(struct verification *v, const struct log_folder *folder, struct audit_database *database,
		    const struct signed_checkpoint *old)
{
	struct log_source source = log_folder_source(folder);
	struct unpublished more;
	struct audit_settings settings = {.name = v->checkpoint.head.origin,
					  .approver_key = v->keys->has_approver ? v->keys->approver : NULL,
					  .blob = unpublished_blob,
					  .blob_arg = &more};
	struct verifying verifying = {.size = v->checkpoint.head.size,
				      .told = isatty(STDERR_FILENO) ? 0 : -1};
	struct tree_walk walk = {.source = &source,
				 .findings = &v->findings,
				 .size = v->checkpoint.head.size,
				 .old_size = old ? old->head.size : -1,
				 .entries = v->looked_inside ? entries : NULL,
				 .progress = progress,
				 .arg = &verifying};
	settings.partial = tree_archived(&source) > 0;
	walk.pool = pool_new();
	verifying.audit = walk.pool ? audit_new(&settings, walk.pool, &v->findings) : NULL;
	bool good = unpublished_read(&more, &source, v->checkpoint.head.size);
	good = good && verifying.audit && tree_walk(&walk) && walk_journal(v, &verifying, &more);
	if (verifying.told > 0)
		write_all(STDERR_FILENO, "\r\033[K", 4);
	if (good) {
		check_roots(v, &walk, old);
		v->archived = walk.archived;
		v->beyond = is_beyond(&source, walk.size + v->unpublished);
		audit_open(verifying.audit, verification_open, v);
		if (v->looked_inside)
			v->database =
			    audit_database_compare(database, verifying.audit, walk.size + v->unpublished);
		v->counts = *audit_counts(verifying.audit);
		if (v->looked_inside && !v->counts.sealed && v->archived > v->counts.archived)
			audit_finding_add(
			    &v->findings, -1, NULL,
			    "entries 0 to %lld are not there, and the log does not say that they were "
			    "archived",
			    (long long)v->archived - 1);
		const unsigned char *key = audit_approver_key(verifying.audit);
		v->has_approver_key = key != NULL;
		if (key)
			memcpy(v->approver_key, key, KEY_BYTES);
	}
	audit_free(verifying.audit);
	unpublished_finish(&more);
	pool_free(walk.pool);
	return good ? 0 : complain(EXIT_FAILED, "out of memory");
}

static int verify_once(const struct ctl *ctl, const struct log_folder *folder, struct verification *v)
{
	struct signed_checkpoint old = {0};
	struct audit_database database;
	struct buf path BUF_AUTO = BUF_INIT, tables BUF_AUTO = BUF_INIT;
	bool has_old = given(ctl, OPT_OLD);
	int status = 0;
	buf_addf(&path, "%s/checkpoint", folder->path);
	buf_addf(&tables, "%s/whosh.db", folder->state);
	if (path.failed || tables.failed)
		return complain(EXIT_FAILED, "out of memory");
	if (has_old)
		status = checkpoint_load(ctl->option[OPT_OLD], &old);
	audit_database_open(&database, tables.data);
	if (status == 0)
		status = checkpoint_load(path.data, &v->checkpoint);
	if (status == 0) {
		v->old_size = has_old ? old.head.size : -1;
		verification_signatures(v, has_old ? &old : NULL);
		status = walk_log(v, folder, &database, has_old ? &old : NULL);
	}
	audit_database_close(&database);
	signed_finish(&old);
	return status;
}

/* Did the log go on while it was looked at?  Then what is missing may have been replaced by what is whole. */
static bool has_gone_on(const struct log_folder *folder, const struct signed_checkpoint *seen)
{
	struct buf path BUF_AUTO = BUF_INIT, now BUF_AUTO = BUF_INIT;
	buf_addf(&path, "%s/checkpoint", folder->path);
	return !path.failed && !read_regular(path.data, NOTE_MAX, &now) &&
	       (now.len != seen->bytes.len || memcmp(now.data, seen->bytes.data, now.len) != 0);
}

static int verify_log(struct ctl *ctl, const struct log_folder *folder)
{
	struct log_keys keys;
	int status = log_keys_load(ctl, folder, &keys);
	for (int again = 0; status == 0; again++) {
		struct verification v = {
		    .keys = &keys, .old_size = -1, .looked_inside = !given(ctl, OPT_TREE_ONLY)};
		status = verify_once(ctl, folder, &v);
		bool over = status != 0 || !v.findings.all || again == MORE_TRIES ||
			    !has_gone_on(folder, &v.checkpoint);
		if (status == 0 && over)
			status = verification_tell(ctl, &v);
		verification_finish(&v);
		if (over)
			break;
	}
	return status;
}

static int verify(struct ctl *ctl)
{
	struct log_folder folder;
	if (given(ctl, OPT_PROOF))
		return verify_proof(ctl);
	int status = log_folder_of(ctl, &folder);
	if (status == 0) {
		status = verify_log(ctl, &folder);
		log_folder_finish(&folder);
	}
	return status;
}

const struct verb verb_verify = {
    .name = "verify",
    .operands = "",
    .help = "is the audit log, or a copy of it, whole, unaltered and signed by whom it says?",
    .most = 0,
    .options = OPTION(LOG) | OPTION(VKEY) | OPTION(APPROVER_KEY) | OPTION(OLD) | OPTION(WITNESS) |
	       OPTION(PROOF) | OPTION(TREE_ONLY) | OPTION(JSON),
    .run = verify,
};
