/* log.c: opening, and the way of a group.
 *
 * The new tree's root is found beside the old tree and signed; then the journal is written; only when that is
 * on disk does the tree in memory become the new one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log_inner.h"
#include "common/error.h"
#include "common/io.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MOST_WAITING = 64 << 20,
	MOST_BASE = 20 << 20,
	MOST_UNPUBLISHED = 16384, /* leaves, in a house that never rests */
	FEW = 256
};

bool checkpoint_make(struct log *log, const struct merkle *tree, struct buf *out)
{
	struct checkpoint checkpoint = {.size = tree->size};
	strcpy(checkpoint.origin, log->signer->verifier.name);
	merkle_root(tree, &checkpoint.root);
	checkpoint_add(out, &checkpoint);
	if (out->failed)
		return false;
	struct buf text BUF_AUTO = BUF_INIT;
	buf_add(&text, out->data, out->len);
	buf_addc(out, '\n');
	note_sign(out, text.data, text.len, log->signer, 0);
	return !out->failed && !text.failed;
}

/* Read a checkpoint of ours, and what stands behind it and a NUL: 1; 0 when there is no such file, or what is
 * there is none; -1 with *error: it cannot be read, or is signed by another key. */
static int own_checkpoint(struct log *log, const char *name, struct checkpoint *checkpoint, struct buf *bytes,
			  size_t *note_len, char **error)
{
	char path[4200];
	size_t text_len;
	snprintf(path, sizeof path, "%s/%s", log->dir, name);
	if (read_file(path, MOST_BASE, bytes)) {
		if (errno != ENOENT)
			error_set(error, "%s: %s", path, strerror(errno));
		return errno == ENOENT ? 0 : -1;
	}
	const char *nul = bytes->len ? memchr(bytes->data, '\0', bytes->len) : NULL;
	*note_len = nul ? (size_t)(nul - bytes->data) : bytes->len;
	if (!checkpoint_parse(checkpoint, bytes->data ? bytes->data : "", *note_len, &text_len))
		return 0;
	if (!strcmp(checkpoint->origin, log->signer->verifier.name) &&
	    note_verify(bytes->data, *note_len, text_len, &log->signer->verifier, NULL) == 1)
		return 1;
	error_set(error, "%s: not signed by this log's key", path);
	return -1;
}

static bool base_load(struct log *log, char **error)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	struct checkpoint base = {0};
	size_t len;
	int found = own_checkpoint(log, "base", &base, &bytes, &len, error);
	if (found < 0)
		return false;
	/* It is on disk whole before the journal is begun anew, so half a one is no crash's. */
	if (!found && bytes.len)
		return error_set(error, "%s/base: it is damaged", log->dir);
	if (found && len == bytes.len)
		return error_set(error, "%s/base: it is damaged", log->dir);
	log->base = base.size;
	return !found || edge_load(log, &base, bytes.data + len + 1, bytes.len - len - 1, error);
}

/* What others were told must be in the log: one that was lost, cut or replaced shows here. */
static bool agrees(struct log *log, char **error)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	struct checkpoint published;
	struct hash root;
	size_t len;
	int found = own_checkpoint(log, "checkpoint", &published, &bytes, &len, error);
	if (found <= 0)
		return !found;
	if (published.size > log->tree.size)
		return error_set(error,
				 "%s: the log ends at entry %lld, but a checkpoint over %lld was published: "
				 "entries are missing",
				 log->dir, (long long)log->tree.size, (long long)published.size);
	if (!merkle_root_of(published.size, log_hash, log, &root) || !hash_same(&root, &published.root))
		return error_set(error, "%s: the tiles do not agree with the checkpoint over %lld entries",
				 log->dir, (long long)published.size);
	return true;
}

static bool recover(struct log *log, char **error)
{
	if (!base_load(log, error) || !journal_recover(log, INT64_MAX, error) || !agrees(log, error))
		return false;
	return checkpoint_make(log, &log->tree, &log->checkpoint) || error_set(error, "out of memory");
}

/* The folder itself, so that it is there after a power loss. */
static bool folder(const char *dir, char **error)
{
	if ((mkdir(dir, 0700) && errno != EEXIST) || sync_folder(dir))
		return error_set(error, "%s: %s", dir, strerror(errno));
	return true;
}

static struct log *log_make(const char *dir, const struct note_signer *signer)
{
	struct log *log = calloc(1, sizeof *log);
	if (!log)
		return NULL;
	log->dir = strdup(dir);
	log->signer = signer;
	log->journal = -1;
	log->last = &log->waiting;
	log->cached.n = log->published = log->published_before = -1;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

struct log *log_open(const char *dir, const struct note_signer *signer, char **error)
{
	struct log *log = log_make(dir, signer);
	*error = NULL;
	if (!log)
		return NULL;
	log->opened = log->dir && folder(dir, error) && journal_open(log, error) && recover(log, error);
	if (log->opened)
		return log;
	log_close(log);
	return NULL;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	if (log->opened)
		(void)log_publish(log); /* what is missing is made up for from the journal */
	fd_close(&log->journal);
	while (log->waiting) {
		struct unwritten *next = log->waiting->next;
		buf_finish(&log->waiting->bytes);
		free(log->waiting);
		log->waiting = next;
	}
	buf_finish(&log->bundle);
	buf_finish(&log->checkpoint);
	buf_finish(&log->cached.bytes);
	pthread_mutex_destroy(&log->lock);
	free(log->dir);
	free(log->archive);
	free(log);
}

/* The group is on disk: it is the log's from here on. */
static int take_over(struct log *log, const struct log_entry *entries, const struct hash *leaves, size_t n,
		     struct buf *checkpoint)
{
	bool good = true;
	pthread_mutex_lock(&log->lock);
	for (size_t i = 0; i < n; i++)
		good = edge_add(log, &entries[i], &leaves[i]) && good;
	buf_finish(&log->checkpoint);
	log->checkpoint = *checkpoint;
	*checkpoint = (struct buf)BUF_INIT;
	pthread_mutex_unlock(&log->lock);
	/* It is in the journal, but memory has no room for the edge: there is no going on without it. */
	if (!good)
		abort();
	return 0;
}

int log_append(struct log *log, const struct log_entry *entries, size_t n)
{
	struct buf checkpoint BUF_AUTO = BUF_INIT;
	struct merkle tree = log->tree; /* only this thread changes it */
	if (log->waiting_bytes > MOST_WAITING && tiles_write(log))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (entries[i].len > LOG_ENTRY_MAX || entries[i].blob_len > LOG_BLOB_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
	struct hash *leaves = malloc((n ? n : 1) * sizeof *leaves);
	for (size_t i = 0; leaves && i < n; i++) {
		hash_leaf(entries[i].bytes, entries[i].len, &leaves[i]);
		merkle_add(&tree, 0, &leaves[i], NULL, NULL);
	}
	errno = ENOMEM;
	int result = leaves && checkpoint_make(log, &tree, &checkpoint)
			 ? journal_write(log, entries, n, &checkpoint)
			 : -1;
	if (!result)
		result = take_over(log, entries, leaves, n, &checkpoint);
	int saved = errno;
	free(leaves);
	if (!result)
		(void)tiles_write(log); /* what could not be is tried again */
	errno = saved;
	return result;
}

/* The kernel tells once that it lost what it was to write; so after that no sync vouches for the files of
 * before.  They are written again, by a second reading of the journal. */
static int write_again(struct log *log)
{
	char *error = NULL;
	struct log *second = log_make(log->dir, log->signer);
	bool good = second && journal_open(second, &error) && base_load(second, &error) &&
		    journal_recover(second, log->tree.size, &error) && !tiles_write(second) &&
		    second->tree.size == log->tree.size;
	free(error);
	log_close(second);
	if (!good)
		errno = EIO;
	return good ? 0 : -1;
}

/* All that the journal holds goes to disk in the files' own places; then it begins anew. */
static int begin_anew(struct log *log)
{
	char path[4200];
	struct buf base BUF_AUTO = BUF_INIT;
	snprintf(path, sizeof path, "%s/base", log->dir);
	buf_add(&base, log->checkpoint.data, log->checkpoint.len);
	buf_addc(&base, '\0');
	edge_save(log, &base);
	if (base.failed) {
		errno = ENOMEM;
		return -1;
	}
	if (log->unsure && write_again(log))
		return -1;
	log->unsure = true;
	if (syncfs(log->journal))
		return -1;
	log->unsure = false;
	if (write_file_durable(path, base.data, base.len, 0600))
		return -1;
	log->base = log->tree.size;
	journal_restart(log);
	return 0;
}

int log_rebase(struct log *log)
{
	return begin_anew(log) || journal_prepare(log) ? -1 : 0;
}

int log_publish(struct log *log)
{
	int64_t size = log->tree.size;
	log->tried = size;
	if (tiles_write(log))
		return -1;
	if (size != log->published) {
		if (tiles_publish(log, size) ||
		    log_write_file(log, "checkpoint", log->checkpoint.data, log->checkpoint.len))
			return -1;
		log->published = size;
	}
	if (journal_is_large(log) && begin_anew(log))
		return -1;
	return journal_prepare(log);
}

bool log_due(const struct log *log)
{
	int64_t since = log->tree.size - log->tried;
	return since >= MOST_UNPUBLISHED || (since >= FEW && journal_is_large(log));
}

int64_t log_size(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	int64_t size = log->tree.size;
	pthread_mutex_unlock(&log->lock);
	return size;
}

int log_checkpoint(struct log *log, struct buf *out)
{
	pthread_mutex_lock(&log->lock);
	buf_add(out, log->checkpoint.data, log->checkpoint.len);
	pthread_mutex_unlock(&log->lock);
	errno = ENOMEM;
	return out->failed ? -1 : 0;
}
