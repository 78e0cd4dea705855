/* log_inner.h: what the log's files share.
 *
 * The right edge of the tree is in memory: of each level the hashes of its last tile, and the last bundle.
 * Full tiles are files; one that could not be written yet (a full disk) waits in a list, and what it holds is
 * in the journal all the while.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_INNER_H
#define WHOSH_LOG_INNER_H

#include "approver/log/log.h"
#include <pthread.h>

/* A file that is to be written. */
struct unwritten {
	char path[TILE_PATH + 32];
	struct buf bytes;
	struct unwritten *next;
};

struct log {
	char *dir;
	char *archive; /* where bundles that are gone may be; NULL */
	const struct note_signer *signer;
	pthread_mutex_t lock; /* over all that follows but the writer's own */
	struct merkle tree;
	struct hash edge[TILE_LEVELS][TILE_WIDTH];
	struct buf bundle;         /* the last, partial one */
	size_t at[TILE_WIDTH + 1]; /* where its entries begin */
	struct buf checkpoint;     /* of the last append */
	struct unwritten *waiting, **last;
	size_t waiting_bytes;
	struct {
		int64_t n; /* -1: none */
		struct buf bytes;
	} cached; /* the full bundle that was read last */

	/* the writer's own */
	int journal;
	int64_t end, ready; /* of what is in the journal, and of what of the file has blocks */
	int64_t base;       /* the size that the journal begins at */
	int64_t published,
	    published_before; /* the sizes that the last checkpoints for others had; -1: none */
	int64_t tried;        /* the size when it was last tried */
	bool opened;
	bool full;   /* there was no room for a group, and is none yet */
	bool torn;   /* a group that failed may be in the file: it must be struck out first */
	bool unsure; /* a sync failed: nobody knows which files it lost */
};

/* journal.c: how far blocks are made ready at once, and are to be while nobody waits; beyond `large` the
 * journal is begun anew.  Tests have smaller ones. */
extern struct journal_sizes {
	int64_t step, ahead, large;
} journal_sizes;
bool journal_open(struct log *log, char **error);
/* Write a group of the journal behind its end, and sync it. */
int journal_write(struct log *log, const struct log_entry *entries, size_t n, const struct buf *checkpoint);
/* Take the journal's groups into the tree, from `base` on, until it has so many entries. */
bool journal_recover(struct log *log, int64_t until, char **error);
/* Begin at its beginning again: all that it holds is in files that are on disk. */
void journal_restart(struct log *log);
/* Have blocks for what comes next; while nobody waits. */
int journal_prepare(struct log *log);
bool journal_is_large(const struct log *log);

/* tiles.c: take entries and their leaves' hashes into the edge; full tiles are listed to be written. */
bool edge_add(struct log *log, const struct log_entry *entry, const struct hash *leaf);
/* What of the tree of `base` is no full tile, as the file `base` has it: append it, or take it. */
void edge_save(const struct log *log, struct buf *out);
bool edge_load(struct log *log, const struct checkpoint *base, const char *edge, size_t len, char **error);
/* Write what is listed; -1 with errno when some of it could not be. */
int tiles_write(struct log *log);
int tiles_publish(struct log *log, int64_t size);
/* A file under the log's folder, made with its folders, atomically; without a sync. */
int log_write_file(struct log *log, const char *path, const void *bytes, size_t len);
bool tile_list(struct log *log, const char *path, const void *bytes, size_t len);
bool blob_list(struct log *log, const struct hash *hash, const void *bytes, size_t len);

/* read.c: a whole tile or the beginning of one, from the edge, the list or its file: 1, 0, LOG_ARCHIVED, -1.
 * With the lock held. */
int tile_read(struct log *log, const struct tile *tile, struct buf *out);

/* archive.c: are these the entries that the tree has?  With the lock held. */
bool bundle_agrees(struct log *log, int64_t n, const char *bytes, size_t len);
/* Of a file that is gone, from the archive: 1, 0, -1. */
int archive_blob(struct log *log, const char *hex, struct buf *out);
int archive_bundle(struct log *log, int64_t n, struct buf *out);

/* log.c: all that the journal holds goes to disk in the files' own places; then it begins anew. */
int log_rebase(struct log *log);
/* log.c: sign the checkpoint of a tree. */
bool checkpoint_make(struct log *log, const struct merkle *tree, struct buf *out);

#endif
