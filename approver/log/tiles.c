/* tiles.c: the right edge of the tree, and the files that it leaves behind.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log_inner.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ── files ─────────────────────────────────────────────────────────────────────────────────────────────── */

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(path, 0755);
		*slash = '/';
		if (made && errno != EEXIST)
			return -1;
	}
	return 0;
}

int log_write_file(struct log *log, const char *path, const void *bytes, size_t len)
{
	char whole[4300], fresh[4310];
	snprintf(whole, sizeof whole, "%s/%s", log->dir, path);
	snprintf(fresh, sizeof fresh, "%s.new", whole);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 && errno == ENOENT && !make_folders(fresh))
		fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	int failed = write_all(fd, bytes, len);
	int saved = errno;
	if (close(fd) && !failed) {
		failed = -1;
		saved = errno;
	}
	if (!failed && !rename(fresh, whole))
		return 0;
	saved = failed ? saved : errno;
	unlink(fresh);
	errno = saved;
	return -1;
}

bool tile_list(struct log *log, const char *path, const void *bytes, size_t len)
{
	struct unwritten *file = calloc(1, sizeof *file);
	if (!file)
		return false;
	snprintf(file->path, sizeof file->path, "%s", path);
	buf_add(&file->bytes, bytes, len);
	if (file->bytes.failed) {
		free(file);
		return false;
	}
	*log->last = file;
	log->last = &file->next;
	log->waiting_bytes += len;
	return true;
}

bool blob_list(struct log *log, const struct hash *hash, const void *bytes, size_t len)
{
	struct buf hex BUF_AUTO = BUF_INIT;
	char path[sizeof((struct unwritten *)0)->path];
	hex_encode(&hex, hash, sizeof *hash);
	if (hex.failed)
		return false;
	snprintf(path, sizeof path, "blob/%.2s/%s", hex.data, hex.data);
	return tile_list(log, path, bytes, len);
}

/* The partial ones of a tile that is full now are of no more use. */
static void drop_partial(const struct log *log, const char *path)
{
	char folder[4300];
	snprintf(folder, sizeof folder, "%s/%s.p", log->dir, path);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(folder);
}

int tiles_write(struct log *log)
{
	while (log->waiting) {
		struct unwritten *file = log->waiting; /* readers look, but only this thread takes it away */
		if (log_write_file(log, file->path, file->bytes.data ? file->bytes.data : "",
				   file->bytes.len))
			return -1;
		drop_partial(log, file->path);
		pthread_mutex_lock(&log->lock);
		log->waiting = file->next;
		if (!log->waiting)
			log->last = &log->waiting;
		log->waiting_bytes -= file->bytes.len;
		pthread_mutex_unlock(&log->lock);
		buf_finish(&file->bytes);
		free(file);
	}
	return 0;
}

/* ── the edge ──────────────────────────────────────────────────────────────────────────────────────────── */

static int edge_width(const struct log *log, int level)
{
	return (int)((log->tree.size >> (TILE_HEIGHT * level)) & (TILE_WIDTH - 1));
}

struct completed {
	struct log *log;
	bool good;
};

/* A subtree has become complete: where its height is that of a level, it is a hash of that level. */
static void complete(int height, const struct hash *hash, void *arg)
{
	struct completed *completed = arg;
	struct log *log = completed->log;
	int level = height / TILE_HEIGHT;
	if (height % TILE_HEIGHT || level >= TILE_LEVELS)
		return;
	/* The tree's size is the new one already. */
	int64_t n = (log->tree.size >> height) - 1;
	int place = (int)(n & (TILE_WIDTH - 1));
	log->edge[level][place] = *hash;
	if (place < TILE_WIDTH - 1)
		return;
	struct tile tile = {level, n >> TILE_HEIGHT, TILE_WIDTH};
	char path[TILE_PATH];
	tile_path(&tile, path);
	completed->good = tile_list(log, path, log->edge[level], sizeof log->edge[level]) && completed->good;
}

static bool add_to_bundle(struct log *log, const struct log_entry *entry)
{
	int place = edge_width(log, 0);
	log->at[place] = log->bundle.len;
	bundle_add(&log->bundle, entry->bytes, entry->len);
	log->at[place + 1] = log->bundle.len;
	if (log->bundle.failed || place < TILE_WIDTH - 1)
		return !log->bundle.failed;
	struct tile tile = {TILE_ENTRIES, log->tree.size >> TILE_HEIGHT, TILE_WIDTH};
	char path[TILE_PATH];
	tile_path(&tile, path);
	bool good = tile_list(log, path, log->bundle.data, log->bundle.len);
	buf_clear(&log->bundle);
	return good;
}

bool edge_add(struct log *log, const struct log_entry *entry, const struct hash *leaf)
{
	struct completed completed = {log, true};
	struct hash blob;
	if (entry->blob) {
		hash_bytes(entry->blob, entry->blob_len, &blob);
		completed.good = blob_list(log, &blob, entry->blob, entry->blob_len);
	}
	completed.good = add_to_bundle(log, entry) && completed.good;
	merkle_add(&log->tree, 0, leaf, complete, &completed);
	complete(0, leaf, &completed);
	return completed.good;
}

/* Who began to read at the last checkpoint may go on; what was published before that goes. */
static void drop_old(struct log *log, int level, int64_t old, int64_t size)
{
	char path[TILE_PATH], whole[4300];
	int64_t n = tile_last(level, old);
	struct tile tile = {level, n, tile_width(level, n, old)};
	if (old < 0 || tile.width <= 0 || tile.width == TILE_WIDTH || n != tile_last(level, size) ||
	    tile.width == tile_width(level, n, size))
		return;
	tile_path(&tile, path);
	snprintf(whole, sizeof whole, "%s/%s", log->dir, path);
	unlink(whole);
}

int tiles_publish(struct log *log, int64_t size)
{
	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++)
		drop_old(log, level, log->published_before, log->published);
	log->published_before = log->published;
	char path[TILE_PATH];
	for (int level = 0; level < TILE_LEVELS; level++) {
		struct tile tile = {level, size >> (TILE_HEIGHT * (level + 1)), edge_width(log, level)};
		if (!tile.width)
			continue;
		tile_path(&tile, path);
		if (log_write_file(log, path, log->edge[level], (size_t)tile.width * HASH_BYTES))
			return -1;
	}
	struct tile bundle = {TILE_ENTRIES, size >> TILE_HEIGHT, edge_width(log, 0)};
	tile_path(&bundle, path);
	return bundle.width ? log_write_file(log, path, log->bundle.data, log->bundle.len) : 0;
}

/* ── opening ───────────────────────────────────────────────────────────────────────────────────────────── */

static bool load_level(struct log *log, int level, int64_t size, struct merkle *tree)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	struct tile tile = {level, size >> (TILE_HEIGHT * (level + 1)),
			    (int)((size >> (TILE_HEIGHT * level)) & (TILE_WIDTH - 1))};
	if (!tile.width)
		return true;
	if (tile_read(log, &tile, &bytes) != 1 || bytes.len != (size_t)tile.width * HASH_BYTES)
		return false;
	memcpy(log->edge[level], bytes.data, bytes.len);
	for (int i = 0; i < tile.width; i++)
		merkle_add(tree, TILE_HEIGHT * level, &log->edge[level][i], NULL, NULL);
	return true;
}

static bool load_bundle(struct log *log, int64_t size)
{
	struct tile tile = {TILE_ENTRIES, size >> TILE_HEIGHT, (int)(size & (TILE_WIDTH - 1))};
	size_t at = 0, len;
	const char *entry;
	struct hash leaf;
	if (!tile.width)
		return true;
	if (tile_read(log, &tile, &log->bundle) != 1)
		return false;
	for (int i = 0; i < tile.width; i++) {
		log->at[i] = at;
		if (!bundle_next(log->bundle.data, log->bundle.len, &at, &entry, &len))
			return false;
		hash_leaf(entry, len, &leaf);
		if (!hash_same(&leaf, &log->edge[0][i]))
			return false;
	}
	log->at[tile.width] = at;
	return at == log->bundle.len;
}

bool edge_load(struct log *log, const struct checkpoint *base, char **error)
{
	struct merkle tree = {0};
	struct hash root;
	bool good = true;
	for (int level = TILE_LEVELS - 1; good && level >= 0; level--)
		good = load_level(log, level, base->size, &tree);
	merkle_root(&tree, &root);
	if (base->size && (!good || !hash_same(&root, &base->root) || !load_bundle(log, base->size)))
		return error_set(error, "%s: the tiles do not agree with the checkpoint over %lld entries",
				 log->dir, (long long)base->size);
	log->tree = tree;
	return true;
}
