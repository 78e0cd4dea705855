/* source.h: where a log's files come from: a folder, the approver itself, or its address.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_SOURCE_H
#define WHOSH_AUDIT_SOURCE_H

#include "approver/log/merkle.h"
#include "approver/log/tile.h"
#include "common/buf.h"

enum { LOG_FILE_MAX = 1 << 30 }; /* more than any is; the largest is a journal that could not be begun anew */

struct log_source {
	/* Append the file at `path` ("checkpoint", "tile/0/000.p/3", "blob/ab/ab…").  1; 0: there is none; -1
	 * with errno.  Thread-safe. */
	int (*read)(void *arg, const char *path, struct buf *out);
	void *arg;
};

/* A folder that holds `checkpoint`, or whose folder `log` does; the folder is not changed.  false: it holds
 * none, or no memory.  Finish it. */
struct log_folder {
	char *path;  /* of the log itself */
	char *state; /* the folder around it, where log.vkey and whosh.db are; "" when unknown */
};
bool log_folder_find(struct log_folder *folder, const char *path);
void log_folder_finish(struct log_folder *folder);
struct log_source log_folder_source(const struct log_folder *folder);

/* Read a tile or bundle: as log_source's read.  Where a partial one is gone because the full one has come,
 * the beginning of that. */
int source_tile(const struct log_source *source, const struct tile *tile, struct buf *out);

/* A tree of `size` entries by its source's tiles: what proofs are made from. */
struct source_tree {
	const struct log_source *source;
	int64_t size;
};
/* The hash of a complete subtree: a merkle_get, whose `tree` is a struct source_tree. */
bool source_hash(int height, int64_t n, struct hash *out, void *tree);

/* audit_settings' blob: `arg` is a source. */
int log_source_blob(void *arg, const char hex[65], struct buf *out);

#endif
