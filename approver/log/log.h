/* log.h: a log of entries that only grows, and proves it: a Merkle tree, published as tlog-tiles.
 *
 * On disk, in one folder:
 *
 *	journal              the groups since `base`, each with its signed checkpoint: what a commit writes
 *	base                 the checkpoint up to which the files below are all on disk
 *	checkpoint           the latest that was published, for others
 *	tile/L/N[.p/W]       hashes; tile/entries/N[.p/W]: the entries themselves
 *	blob/hh/HASH         what is too long for an entry, by its SHA-256
 *
 * A commit is one write into the journal, whose blocks are there already, and one fdatasync.  Tiles follow;
 * what a crash leaves undone is done again from the journal when the log is opened.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_LOG_H
#define WHOSH_LOG_LOG_H

#include "approver/log/note.h"
#include "approver/log/tile.h"

enum { LOG_ENTRY_MAX = 65535, LOG_BLOB_MAX = 8 << 20, LOG_ARCHIVED = 2 };

struct log;

struct log_entry {
	const void *bytes;
	size_t len;       /* at most LOG_ENTRY_MAX */
	const void *blob; /* NULL: none */
	size_t blob_len;  /* at most LOG_BLOB_MAX */
};

/* Open the log in DIR, or make one.  What was not finished is; a group that was not whole is cut off.  The
 * signer is borrowed for as long as the log is open.  NULL with a malloc'd sentence in *error: the folder
 * cannot be used, or what is there does not agree with its checkpoints. */
struct log *log_open(const char *dir, const struct note_signer *signer, char **error);
/* Publish, and close. */
void log_close(struct log *log);

/* ── one thread, the writer's ──────────────────────────────────────────────────────────────────────────── */

/* Append a group.  0 when it is on disk, with a checkpoint that covers it; -1 with errno: nothing of it is in
 * the log, and nothing will be after a crash. */
int log_append(struct log *log, const struct log_entry *entries, size_t n);
/* Write out the last tiles and the checkpoint for others, and begin the journal anew when it has grown.  0,
 * or -1 with errno: to be tried again. */
int log_publish(struct log *log);

/* ── any thread ────────────────────────────────────────────────────────────────────────────────────────── */

int64_t log_size(struct log *log);
/* Append to `out`: 1, 0 when there is none, LOG_ARCHIVED, -1 with errno. */
int log_entry_read(struct log *log, int64_t index, struct buf *out);
int log_blob_read(struct log *log, const char *hex, struct buf *out);
/* Call fn for each entry from `from` up to `to`; it returns false to stop.  0, -1 with errno. */
int log_each(struct log *log, int64_t from, int64_t to,
	     bool (*fn)(int64_t index, const char *bytes, size_t len, void *arg), void *arg);
/* The checkpoint of the last append, a signed note. */
int log_checkpoint(struct log *log, struct buf *out);
/* "tile/0/x001/067.p/12", "tile/entries/000": any tile of the tree as it is now, or was.  1, 0, LOG_ARCHIVED,
 * -1. */
int log_file(struct log *log, const char *path, struct buf *out);
/* The hash of a complete subtree: a merkle_get, for proofs; `arg` is the log. */
bool log_hash(int height, int64_t n, struct hash *out, void *log);

#endif
