/* read.c: entries and tiles, from memory while they are new and from files after.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/archive.h"
#include "approver/log/log_inner.h"
#include "common/codec.h"
#include "common/io.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BUNDLE_MAX = TILE_WIDTH * (LOG_ENTRY_MAX + 2) };

static const struct unwritten *waiting(const struct log *log, const char *path)
{
	for (const struct unwritten *file = log->waiting; file; file = file->next)
		if (!strcmp(file->path, path))
			return file;
	return NULL;
}

static int file_read(struct log *log, const char *path, size_t max, struct buf *out)
{
	char whole[4300];
	const struct unwritten *file = waiting(log, path);
	if (file) {
		buf_add(out, file->bytes.data, file->bytes.len);
		return out->failed ? -1 : 1;
	}
	snprintf(whole, sizeof whole, "%s/%s", log->dir, path);
	return !read_file(whole, max, out) ? 1 : errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

/* How long the first `width` entries of a bundle are; 0: there are not so many. */
static size_t bundle_part(const char *bundle, size_t len, int width)
{
	size_t at = 0, entry_len;
	const char *entry;
	for (int i = 0; i < width; i++)
		if (!bundle_next(bundle, len, &at, &entry, &entry_len))
			return 0;
	return at;
}

/* A full tile's file, whole; or, of one that is not full yet, what was published of it. */
static int whole_read(struct log *log, const struct tile *tile, struct buf *out)
{
	struct tile full = *tile;
	char path[TILE_PATH];
	full.width = TILE_WIDTH;
	tile_path(&full, path);
	int found = file_read(log, path, BUNDLE_MAX, out);
	if (found || tile->width == TILE_WIDTH)
		return found;
	tile_path(tile, path);
	return file_read(log, path, BUNDLE_MAX, out);
}

static bool in_edge(const struct log *log, const struct tile *tile)
{
	int level = tile->level == TILE_ENTRIES ? 0 : tile->level;
	int64_t all = log->tree.size >> (TILE_HEIGHT * level);
	return tile->n == all >> TILE_HEIGHT && tile->width <= (int)(all & (TILE_WIDTH - 1));
}

int tile_read(struct log *log, const struct tile *tile, struct buf *out)
{
	bool bundle = tile->level == TILE_ENTRIES;
	if (in_edge(log, tile)) {
		if (bundle)
			buf_add(out, log->bundle.data, log->at[tile->width]);
		else
			buf_add(out, log->edge[tile->level], (size_t)tile->width * HASH_BYTES);
		return out->failed ? -1 : 1;
	}
	size_t before = out->len;
	int found = whole_read(log, tile, out);
	if (found != 1)
		return found;
	size_t len = bundle ? bundle_part(out->data + before, out->len - before, tile->width)
			    : (size_t)tile->width * HASH_BYTES;
	if (!len || len > out->len - before) {
		errno = EIO; /* it is not what it was written as */
		return -1;
	}
	out->len = before + len;
	out->data[out->len] = '\0';
	return 1;
}

int log_file(struct log *log, const char *path, struct buf *out)
{
	struct tile tile;
	if (!tile_parse(&tile, path))
		return 0;
	pthread_mutex_lock(&log->lock);
	int found =
	    tile.width <= tile_width(tile.level, tile.n, log->tree.size) ? tile_read(log, &tile, out) : 0;
	pthread_mutex_unlock(&log->lock);
	/* A full bundle that is not there was there once. */
	bool gone = !found && tile.level == TILE_ENTRIES && (tile.n + 1) << TILE_HEIGHT <= log_size(log) &&
		    tile.n < log_archived(log);
	return gone ? LOG_ARCHIVED : found;
}

/* ── entries ───────────────────────────────────────────────────────────────────────────────────────────── */

/* ── what files hold is believed only when the tree says so ────────────────────────────────────────────── */

/* The hash over a full bundle's entries; false: it is not one. */
static bool bundle_hash(const struct buf *bundle, struct hash *out)
{
	struct merkle tree = {0};
	size_t at = 0, len;
	const char *entry;
	for (int i = 0; i < TILE_WIDTH; i++) {
		struct hash leaf;
		if (!bundle_next(bundle->data, bundle->len, &at, &entry, &len))
			return false;
		hash_leaf(entry, len, &leaf);
		merkle_add(&tree, 0, &leaf, NULL, NULL);
	}
	merkle_root(&tree, out);
	return at == bundle->len;
}

/* Is this the `n`th hash of level 1?  From there up to where the tree is in memory.  With the lock held. */
static bool in_tree(struct log *log, int64_t n, struct hash hash)
{
	for (int level = 1; level < TILE_LEVELS; level++, n >>= TILE_HEIGHT) {
		struct buf bytes BUF_AUTO = BUF_INIT;
		struct tile tile = {level, n >> TILE_HEIGHT, (int)(n & (TILE_WIDTH - 1)) + 1};
		bool edge = in_edge(log, &tile);
		size_t at = (size_t)(tile.width - 1) * HASH_BYTES;
		if (!edge)
			tile.width = TILE_WIDTH;
		if (tile_read(log, &tile, &bytes) != 1 || memcmp(bytes.data + at, &hash, HASH_BYTES) != 0)
			return false;
		if (edge)
			return true;
		struct merkle tree = {0};
		for (int i = 0; i < TILE_WIDTH; i++) {
			struct hash child;
			memcpy(&child, bytes.data + i * HASH_BYTES, HASH_BYTES);
			merkle_add(&tree, 0, &child, NULL, NULL);
		}
		merkle_root(&tree, &hash);
	}
	return false;
}

/* The bundle `n`, which is full, in log->cached. */
static int cache(struct log *log, int64_t n)
{
	const struct tile tile = {TILE_ENTRIES, n, TILE_WIDTH};
	if (log->cached.n == n)
		return 1;
	log->cached.n = -1;
	buf_clear(&log->cached.bytes);
	int found = tile_read(log, &tile, &log->cached.bytes);
	struct hash hash;
	if (found == 1 && (!bundle_hash(&log->cached.bytes, &hash) || !in_tree(log, n, hash))) {
		errno = EIO;
		return -1;
	}
	if (found == 1)
		log->cached.n = n;
	return found ? found : LOG_ARCHIVED; /* it was there once */
}

static int one(struct log *log, int64_t index, struct buf *out)
{
	int place = (int)(index & (TILE_WIDTH - 1));
	const char *bundle = log->bundle.data, *entry = NULL;
	size_t len = log->bundle.len, at = 0, entry_len = 0;
	if (index < 0 || index >= log->tree.size)
		return 0;
	if (index >> TILE_HEIGHT == log->tree.size >> TILE_HEIGHT) {
		at = log->at[place];
		place = 0;
	} else {
		int found = cache(log, index >> TILE_HEIGHT);
		if (found != 1)
			return found;
		bundle = log->cached.bytes.data;
		len = log->cached.bytes.len;
	}
	for (int i = 0; i <= place; i++)
		if (!bundle_next(bundle, len, &at, &entry, &entry_len)) {
			errno = EIO;
			return -1;
		}
	buf_add(out, entry, entry_len);
	errno = ENOMEM;
	return out->failed ? -1 : 1;
}

int log_entry_read(struct log *log, int64_t index, struct buf *out)
{
	pthread_mutex_lock(&log->lock);
	int found = one(log, index, out);
	pthread_mutex_unlock(&log->lock);
	return found;
}

/* Without the lock while it hashes. */
static bool vouched(struct log *log, int64_t n, const struct buf *bundle)
{
	struct hash hash;
	bool good = bundle_hash(bundle, &hash);
	pthread_mutex_lock(&log->lock);
	good = good && in_tree(log, n, hash);
	pthread_mutex_unlock(&log->lock);
	errno = EIO;
	return good;
}

int log_each(struct log *log, int64_t from, int64_t to,
	     bool (*fn)(int64_t index, const char *bytes, size_t len, void *arg), void *arg)
{
	struct buf bundle BUF_AUTO = BUF_INIT;
	for (bool more = true; more && from < to;) {
		struct tile tile = {TILE_ENTRIES, from >> TILE_HEIGHT, 0};
		size_t at = 0, len;
		const char *entry;
		buf_clear(&bundle);
		pthread_mutex_lock(&log->lock);
		tile.width = tile_width(TILE_ENTRIES, tile.n, log->tree.size);
		int found = tile.width ? tile_read(log, &tile, &bundle) : 0;
		if (!found && tile.width == TILE_WIDTH)
			found = archive_bundle(log, tile.n, &bundle);
		pthread_mutex_unlock(&log->lock);
		if (found != 1) {
			errno = found < 0 ? errno : ENOENT;
			return -1;
		}
		if (tile.width == TILE_WIDTH && !vouched(log, tile.n, &bundle))
			return -1;
		int64_t first = tile.n << TILE_HEIGHT;
		for (int i = 0; more && i < tile.width && first + i < to; i++) {
			if (!bundle_next(bundle.data, bundle.len, &at, &entry, &len)) {
				errno = EIO;
				return -1;
			}
			if (first + i >= from)
				more = fn(first + i, entry, len, arg);
		}
		from = first + tile.width;
	}
	return 0;
}

int log_blob_read(struct log *log, const char *hex, struct buf *out)
{
	char path[TILE_PATH + 32];
	if (strlen(hex) != 2 * HASH_BYTES || strspn(hex, "0123456789abcdef") != 2 * HASH_BYTES)
		return 0;
	snprintf(path, sizeof path, "blob/%.2s/%s", hex, hex);
	pthread_mutex_lock(&log->lock);
	size_t before = out->len;
	int found = file_read(log, path, LOG_BLOB_MAX, out);
	if (!found)
		found = archive_blob(log, hex, out);
	pthread_mutex_unlock(&log->lock);
	if (found != 1)
		return found;
	struct hash hash;
	struct buf again BUF_AUTO = BUF_INIT;
	hash_bytes(out->data ? out->data + before : "", out->len - before, &hash);
	hex_encode(&again, &hash, sizeof hash);
	if (!again.failed && !strcmp(again.data, hex))
		return 1;
	out->len = before;
	errno = EIO;
	return -1;
}

/* ── hashes ────────────────────────────────────────────────────────────────────────────────────────────── */

bool log_hash(int height, int64_t n, struct hash *out, void *arg)
{
	struct log *log = arg;
	struct buf bytes BUF_AUTO = BUF_INIT;
	int level = height / TILE_HEIGHT, above = height % TILE_HEIGHT;
	int64_t first = n << above;
	struct tile tile = {level, first >> TILE_HEIGHT, 0};
	int begin = (int)(first & (TILE_WIDTH - 1)), count = 1 << above;
	if (level >= TILE_LEVELS)
		return false;
	tile.width = begin + count;
	pthread_mutex_lock(&log->lock);
	int found =
	    tile.width <= tile_width(level, tile.n, log->tree.size) ? tile_read(log, &tile, &bytes) : 0;
	pthread_mutex_unlock(&log->lock);
	if (found != 1)
		return false;
	struct merkle tree = {0};
	for (int i = 0; i < count; i++) {
		struct hash hash;
		memcpy(&hash, bytes.data + (begin + i) * HASH_BYTES, HASH_BYTES);
		merkle_add(&tree, 0, &hash, NULL, NULL);
	}
	merkle_root(&tree, out);
	return true;
}
