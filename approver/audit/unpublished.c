/* unpublished.c: the end of a log that is in its journal alone; see unpublished.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/unpublished.h"
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'w', 'h', 'o', 's', 'h', 'l', 'g', '1'};

struct cursor {
	const char *at, *end;
};

static bool number(struct cursor *c, int bytes, uint64_t *value)
{
	*value = 0;
	if (c->end - c->at < bytes)
		return false;
	for (int i = 0; i < bytes; i++)
		*value |= (uint64_t)(unsigned char)*c->at++ << (8 * i);
	return true;
}

static bool part(struct cursor *c, const char **bytes, size_t *len)
{
	uint64_t n;
	if (!number(c, 4, &n) || (uint64_t)(c->end - c->at) < n)
		return false;
	*bytes = c->at;
	*len = n;
	c->at += n;
	return true;
}

/* Room for one more in an array of things; false: out of memory. */
static bool roomy(void **list, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return true;
	size_t wider = *room ? 2 * *room : 64;
	void *more = reallocarray(*list, wider, size);
	if (!more)
		return false;
	*list = more;
	*room = wider;
	return true;
}

/* 1: a whole group, *c behind it; 0: there is none, or it is not the next; -1: out of memory. */
static int group(struct unpublished *more, struct cursor *c, int64_t size, int64_t *next)
{
	uint64_t first, entries, blobs, bytes;
	const char *text, *why;
	size_t len, before = more->n, blobs_before = more->n_blobs;
	if (c->end - c->at < (int)sizeof magic || memcmp(c->at, magic, sizeof magic) != 0)
		return 0;
	c->at += sizeof magic;
	if (!number(c, 8, &first) || !number(c, 8, &entries) || !number(c, 8, &blobs) ||
	    !number(c, 8, &bytes) || bytes > (uint64_t)(c->end - c->at) ||
	    (*next >= 0 && first != (uint64_t)*next) || entries > bytes || blobs > bytes)
		return 0;
	struct cursor in = {c->at, c->at + bytes};
	bool whole = true;
	for (uint64_t i = 0; whole && i < entries; i++) {
		whole = part(&in, &text, &len);
		if (!whole || (int64_t)(first + i) < size)
			continue;
		if (!roomy((void **)&more->entries, more->n, &more->room, sizeof *more->entries))
			return -1;
		more->entries[more->n++] = (struct audit_entry){(int64_t)(first + i), text, len};
	}
	for (uint64_t i = 0; whole && i < blobs; i++) {
		const char *hash = in.at;
		whole = in.end - in.at >= HASH_BYTES;
		in.at += whole ? HASH_BYTES : 0;
		whole = whole && part(&in, &text, &len);
		if (!whole)
			break;
		if (!roomy((void **)&more->blobs, more->n_blobs, &more->blob_room, sizeof *more->blobs))
			return -1;
		more->blobs[more->n_blobs] = (struct unpublished_blob){.bytes = text, .len = len};
		memcpy(more->blobs[more->n_blobs++].hash.bytes, hash, HASH_BYTES);
	}
	struct signed_checkpoint checkpoint = {0};
	if (!whole || !part(&in, &text, &len) || in.at != in.end ||
	    !signed_read(&checkpoint, text, len, &why) ||
	    checkpoint.head.size != (int64_t)(first + entries)) {
		signed_finish(&checkpoint);
		more->n = before;
		more->n_blobs = blobs_before;
		return 0;
	}
	signed_finish(&more->last);
	more->last = checkpoint;
	*next = (int64_t)(first + entries);
	c->at = in.end;
	return 1;
}

bool unpublished_read(struct unpublished *more, const struct log_source *source, int64_t size)
{
	int64_t next = -1;
	int found;
	*more = (struct unpublished){.source = source};
	if (source->read(source->arg, "journal", &more->bytes) != 1 || !more->bytes.len)
		return true;
	struct cursor c = {more->bytes.data, more->bytes.data + more->bytes.len};
	while ((found = group(more, &c, size, &next)) == 1)
		continue;
	/* One that begins later does not follow: what is between is in neither. */
	if (more->n && more->entries[0].index != size)
		more->n = 0;
	return found == 0;
}

void unpublished_finish(struct unpublished *more)
{
	buf_finish(&more->bytes);
	free(more->entries);
	free(more->blobs);
	signed_finish(&more->last);
}

bool unpublished_fits(const struct unpublished *more, int64_t size)
{
	struct source_tree tree = {more->source, size};
	struct merkle grown = {0};
	struct hash hash;
	/* The published tree is so many complete subtrees, the largest first. */
	for (int height = 62; height >= 0; height--) {
		if (!(size >> height & 1))
			continue;
		if (!source_hash(height, grown.size >> height, &hash, &tree))
			return false;
		merkle_add(&grown, height, &hash, NULL, NULL);
	}
	for (size_t i = 0; i < more->n; i++) {
		hash_leaf(more->entries[i].bytes, more->entries[i].len, &hash);
		merkle_add(&grown, 0, &hash, NULL, NULL);
	}
	merkle_root(&grown, &hash);
	return grown.size == more->last.head.size && hash_same(&hash, &more->last.head.root);
}

int unpublished_blob(void *arg, const char hex[65], struct buf *out)
{
	const struct unpublished *more = arg;
	for (size_t i = 0; i < more->n_blobs; i++) {
		struct buf name BUF_AUTO = BUF_INIT;
		for (int k = 0; k < HASH_BYTES; k++)
			buf_addf(&name, "%02x", more->blobs[i].hash.bytes[k]);
		if (name.failed || strcmp(name.data, hex) != 0)
			continue;
		buf_add(out, more->blobs[i].bytes, more->blobs[i].len);
		return out->failed ? -1 : 1;
	}
	return log_source_blob((void *)(uintptr_t)more->source, hex, out);
}
