/* source.c: a log's files in a folder; see source.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/source.h"
#include "common/io.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool holds_checkpoint(const char *path)
{
	struct buf name BUF_AUTO = BUF_INIT;
	buf_addf(&name, "%s/checkpoint", path);
	return !name.failed && access(name.data, F_OK) == 0;
}

bool log_folder_find(struct log_folder *folder, const char *path)
{
	struct buf inside BUF_AUTO = BUF_INIT, around BUF_AUTO = BUF_INIT;
	*folder = (struct log_folder){0};
	buf_addf(&inside, "%s/log", path);
	bool whole = !inside.failed && holds_checkpoint(inside.data);
	if (!whole && !holds_checkpoint(path))
		return false;
	/* What is named directly may have been copied alone: then only what is in it counts. */
	buf_addf(&around, "%s%s", path, whole ? "" : "/..");
	folder->path = whole ? buf_take(&inside) : strdup(path);
	folder->state = buf_take(&around);
	return folder->path && folder->state;
}

void log_folder_finish(struct log_folder *folder)
{
	free(folder->path);
	free(folder->state);
	*folder = (struct log_folder){0};
}

static int read_from_folder(void *arg, const char *path, struct buf *out)
{
	const struct log_folder *folder = arg;
	struct buf name BUF_AUTO = BUF_INIT;
	buf_addf(&name, "%s/%s", folder->path, path);
	if (name.failed) {
		errno = ENOMEM;
		return -1;
	}
	if (!read_regular(name.data, LOG_FILE_MAX, out))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

struct log_source log_folder_source(const struct log_folder *folder)
{
	return (struct log_source){read_from_folder, (void *)(uintptr_t)folder};
}

bool source_hash(int height, int64_t n, struct hash *out, void *tree)
{
	const struct source_tree *from = tree;
	struct hash hash[TILE_WIDTH];
	struct buf bytes BUF_AUTO = BUF_INIT;
	char path[TILE_PATH];
	int level = height / TILE_HEIGHT;
	size_t count = (size_t)1 << height % TILE_HEIGHT;
	int64_t first = n * (int64_t)count; /* of the level's hashes */
	struct tile tile = {level, first / TILE_WIDTH, 0};
	size_t at = (size_t)(first % TILE_WIDTH);
	tile.width = tile_width(level, tile.n, from->size);
	if (tile.width < (int)(at + count))
		return false;
	tile_path(&tile, path);
	if (from->source->read(from->source->arg, path, &bytes) != 1 ||
	    bytes.len != (size_t)tile.width * HASH_BYTES)
		return false;
	memcpy(hash, bytes.data + at * HASH_BYTES, count * HASH_BYTES);
	for (; count > 1; count /= 2)
		for (size_t i = 0; i < count; i += 2)
			hash_node(&hash[i], &hash[i + 1], &hash[i / 2]);
	*out = hash[0];
	return true;
}

int log_source_blob(void *arg, const char hex[65], struct buf *out)
{
	const struct log_source *source = arg;
	char path[80];
	snprintf(path, sizeof path, "blob/%.2s/%.64s", hex, hex);
	return source->read(source->arg, path, out);
}
