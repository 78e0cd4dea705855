/* archive.c: bundles and blobs that leave the log, and are read from where they went.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/archive.h"
#include "approver/log/log_inner.h"
#include "common/codec.h"
#include "common/io.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = TILE_WIDTH * (LOG_ENTRY_MAX + 2) };

static void bundle_path(int64_t n, char path[TILE_PATH])
{
	const struct tile tile = {TILE_ENTRIES, n, TILE_WIDTH};
	tile_path(&tile, path);
}

static bool blob_path(const char *hex, char path[TILE_PATH + 32])
{
	if (strlen(hex) != 2 * HASH_BYTES || strspn(hex, "0123456789abcdef") != 2 * HASH_BYTES)
		return false;
	snprintf(path, TILE_PATH + 32, "blob/%.2s/%s", hex, hex);
	return true;
}

int64_t log_archived(struct log *log)
{
	char path[TILE_PATH], whole[4300];
	int64_t low = 0, high = log_size(log) >> TILE_HEIGHT;
	while (low < high) {
		int64_t n = low + (high - low) / 2;
		bundle_path(n, path);
		snprintf(whole, sizeof whole, "%s/%s", log->dir, path);
		if (access(whole, F_OK) && errno == ENOENT)
			low = n + 1;
		else
			high = n;
	}
	return low;
}

int log_settle(struct log *log)
{
	return log_publish(log) || (log->base < log->tree.size && log_rebase(log)) ? -1 : 0;
}

bool bundle_agrees(struct log *log, int64_t n, const char *bytes, size_t len)
{
	const struct tile tile = {0, n, TILE_WIDTH};
	struct buf hashes BUF_AUTO = BUF_INIT;
	struct hash leaf;
	const char *entry;
	size_t at = 0, entry_len;
	if (tile_read(log, &tile, &hashes) != 1 || hashes.len != (size_t)TILE_WIDTH * HASH_BYTES)
		return false;
	for (int i = 0; i < TILE_WIDTH; i++) {
		if (!bundle_next(bytes, len, &at, &entry, &entry_len))
			return false;
		hash_leaf(entry, entry_len, &leaf);
		if (memcmp(leaf.bytes, hashes.data + i * HASH_BYTES, HASH_BYTES) != 0)
			return false;
	}
	return at == len;
}

static bool blob_agrees(const char *hex, const struct buf *bytes)
{
	struct hash hash;
	struct buf text BUF_AUTO = BUF_INIT;
	hash_bytes(bytes->data ? bytes->data : "", bytes->len, &hash);
	hex_encode(&text, &hash, sizeof hash);
	return !text.failed && !strcmp(text.data, hex);
}

/* Write FOLDER/PATH with its folders, durably, and read it again. */
static int put(const char *folder, const char *path, const struct buf *bytes)
{
	char whole[4400];
	struct buf again BUF_AUTO = BUF_INIT;
	int len = snprintf(whole, sizeof whole, "%s/%s", folder, path);
	if (len >= (int)sizeof whole) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(whole, 0700);
		if ((made && errno != EEXIST) || (!made && sync_folder(whole)))
			return -1;
		*slash = '/';
	}
	if (write_file_durable(whole, bytes->data, bytes->len, 0600) || read_file(whole, FILE_MAX, &again))
		return -1;
	if (again.len == bytes->len && !memcmp(again.data, bytes->data, again.len))
		return 0;
	errno = EIO;
	return -1;
}

int log_archive_bundle(struct log *log, int64_t n, const char *folder)
{
	const struct tile tile = {TILE_ENTRIES, n, TILE_WIDTH};
	char path[TILE_PATH];
	struct buf bytes BUF_AUTO = BUF_INIT;
	pthread_mutex_lock(&log->lock);
	bool good = tile_read(log, &tile, &bytes) == 1 && bundle_agrees(log, n, bytes.data, bytes.len);
	pthread_mutex_unlock(&log->lock);
	bundle_path(n, path);
	if (good)
		return folder ? put(folder, path, &bytes) : 0;
	errno = EIO;
	return -1;
}

int log_archive_blob(struct log *log, const char *hex, const char *folder)
{
	char path[TILE_PATH + 32];
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (!folder)
		return 0; /* it may be removed already */
	if (blob_path(hex, path) && log_blob_read(log, hex, &bytes) == 1 && blob_agrees(hex, &bytes))
		return put(folder, path, &bytes);
	errno = EIO;
	return -1;
}

static int take_away(const struct log *log, const char *path)
{
	char whole[4300];
	snprintf(whole, sizeof whole, "%s/%s", log->dir, path);
	return unlink(whole) && errno != ENOENT ? -1 : 0;
}

int log_remove_bundle(struct log *log, int64_t n)
{
	char path[TILE_PATH];
	if ((n + 1) << TILE_HEIGHT > log->base) {
		errno = EBUSY; /* the journal still has it */
		return -1;
	}
	/* Those who verify a copy look here which bundles need not be there. */
	int len = snprintf(path, sizeof path, "%lld\n", (long long)(n + 1) << TILE_HEIGHT);
	if (log_write_file(log, "archived", path, (size_t)len))
		return -1;
	bundle_path(n, path);
	pthread_mutex_lock(&log->lock);
	if (log->cached.n == n)
		log->cached.n = -1;
	int result = take_away(log, path);
	pthread_mutex_unlock(&log->lock);
	return result;
}

int log_remove_blob(struct log *log, const char *hex)
{
	char path[TILE_PATH + 32];
	return blob_path(hex, path) ? take_away(log, path) : -1;
}

void log_use_archive(struct log *log, const char *folder)
{
	free(log->archive);
	log->archive = strdup(folder);
}

static int archive_read(struct log *log, const char *path, size_t max, struct buf *out)
{
	char whole[4400];
	if (!log->archive)
		return 0;
	snprintf(whole, sizeof whole, "%s/%s", log->archive, path);
	return !read_file(whole, max, out) ? 1 : errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

int archive_blob(struct log *log, const char *hex, struct buf *out)
{
	char path[TILE_PATH + 32];
	struct buf bytes BUF_AUTO = BUF_INIT;
	int found = blob_path(hex, path) ? archive_read(log, path, LOG_BLOB_MAX, &bytes) : 0;
	if (found != 1)
		return found;
	if (!blob_agrees(hex, &bytes)) {
		errno = EIO;
		return -1;
	}
	buf_add(out, bytes.data, bytes.len);
	return out->failed ? -1 : 1;
}

int archive_bundle(struct log *log, int64_t n, struct buf *out)
{
	char path[TILE_PATH];
	bundle_path(n, path);
	int found = archive_read(log, path, FILE_MAX, out);
	if (found != 1 || bundle_agrees(log, n, out->data, out->len))
		return found;
	errno = EIO;
	return -1;
}
