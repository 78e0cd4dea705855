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

/* How long the first `width` parts of a full one are; 0: there are not so many. */
static size_t beginning(const struct tile *tile, const char *bytes, size_t len)
{
	size_t at = 0, entry_len, whole = (size_t)tile->width * HASH_BYTES;
	const char *entry;
	if (tile->level != TILE_ENTRIES)
		return len >= whole ? whole : 0;
	for (int i = 0; i < tile->width; i++)
		if (!bundle_next(bytes, len, &at, &entry, &entry_len))
			return 0;
	return at;
}

int source_tile(const struct log_source *source, const struct tile *tile, struct buf *out)
{
	char path[TILE_PATH];
	struct tile full = *tile;
	tile_path(tile, path);
	int found = source->read(source->arg, path, out);
	if (found != 0 || tile->width == TILE_WIDTH)
		return found;
	full.width = TILE_WIDTH;
	tile_path(&full, path);
	size_t before = out->len;
	found = source->read(source->arg, path, out);
	if (found != 1)
		return found;
	size_t len = beginning(tile, out->data + before, out->len - before);
	out->len = before + len;
	if (out->data)
		out->data[out->len] = '\0';
	errno = EBADMSG;
	return len ? 1 : -1;
}

bool source_hash(int height, int64_t n, struct hash *out, void *tree)
{
	const struct source_tree *from = tree;
	struct hash hash[TILE_WIDTH];
	struct buf bytes BUF_AUTO = BUF_INIT;
	int level = height / TILE_HEIGHT;
	size_t count = (size_t)1 << height % TILE_HEIGHT;
	int64_t first = n * (int64_t)count; /* of the level's hashes */
	struct tile tile = {level, first / TILE_WIDTH, 0};
	size_t at = (size_t)(first % TILE_WIDTH);
	tile.width = tile_width(level, tile.n, from->size);
	if (tile.width < (int)(at + count))
		return false;
	if (source_tile(from->source, &tile, &bytes) != 1 || bytes.len != (size_t)tile.width * HASH_BYTES)
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
