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

enum { MOST_WAITING = 64 << 20 };

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

/* Read a checkpoint of ours: 1; 0 when there is no such file, or rubbish; -1 when it is signed by another
 * key. */
static int own_checkpoint(struct log *log, const char *name, struct checkpoint *checkpoint)
{
	char path[4200];
	struct buf note BUF_AUTO = BUF_INIT;
	size_t text_len;
	snprintf(path, sizeof path, "%s/%s", log->dir, name);
	if (read_file(path, 65536, &note))
		return errno == ENOENT ? 0 : -1;
	if (!checkpoint_parse(checkpoint, note.data ? note.data : "", note.len, &text_len))
		return 0;
	return !strcmp(checkpoint->origin, log->signer->verifier.name) &&
		       note_verify(note.data, note.len, text_len, &log->signer->verifier, NULL) == 1
		   ? 1
		   : -1;
}

static bool recover(struct log *log, char **error)
{
	struct checkpoint base = {0}, published;
	int found = own_checkpoint(log, "base", &base);
	if (found < 0)
		return error_set(error, "%s/base: not signed by this log's key", log->dir);
	if (!edge_load(log, &base, error))
		return false;
	log->base = base.size;
	if (!journal_recover(log, error))
		return false;
	/* What others were told must be in the log: a journal that was lost or replaced shows here. */
	found = own_checkpoint(log, "checkpoint", &published);
	if (found < 0)
		return error_set(error, "%s/checkpoint: not signed by this log's key", log->dir);
	if (found == 1 && published.size > log->tree.size)
		return error_set(error,
				 "%s: the log ends at entry %lld, but a checkpoint over %lld was published: "
				 "entries are missing",
				 log->dir, (long long)log->tree.size, (long long)published.size);
	return checkpoint_make(log, &log->tree, &log->checkpoint) || error_set(error, "out of memory");
}

struct log *log_open(const char *dir, const struct note_signer *signer, char **error)
{
	struct log *log = calloc(1, sizeof *log);
	*error = NULL;
	if (!log)
		return NULL;
	log->dir = strdup(dir);
	log->signer = signer;
	log->journal = -1;
	log->last = &log->waiting;
	log->cached.n = log->published = log->published_before = -1;
	pthread_mutex_init(&log->lock, NULL);
	if (mkdir(dir, 0700) && errno != EEXIST)
		error_set(error, "%s: %s", dir, strerror(errno));
	else
		log->opened = log->dir && journal_open(log, error) && recover(log, error);
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

int log_rebase(struct log *log)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/base", log->dir);
	if (syncfs(log->journal) || write_file_durable(path, log->checkpoint.data, log->checkpoint.len, 0600))
		return -1;
	log->base = log->tree.size;
	journal_restart(log);
	return journal_prepare(log);
}

int log_publish(struct log *log)
{
	int64_t size = log->tree.size;
	if (tiles_write(log))
		return -1;
	if (size != log->published) {
		if (tiles_publish(log, size) ||
		    log_write_file(log, "checkpoint", log->checkpoint.data, log->checkpoint.len))
			return -1;
		log->published = size;
	}
	return journal_is_large(log) ? log_rebase(log) : journal_prepare(log);
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
