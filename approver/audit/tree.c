/* tree.c: the whole tree of a log, made again; see tree.h.
 *
 * Bundles of 256 entries are read, hashed and reduced to one hash on all cores, a few at a time; their hashes
 * then go up through the levels in order.  A level's 256 hashes are a tile, and its root a hash of the next.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/tree.h"
#include "approver/audit/pool.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 16, LEVELS = TILE_LEVELS };

struct bundle {
	int64_t n;
	size_t width, here; /* entries it must have, and has */
	struct buf bytes;
	struct audit_entry entry[TILE_WIDTH];
	struct hash hash[TILE_WIDTH], tile[TILE_WIDTH];
	enum { BUNDLE_READ, BUNDLE_MISSING, BUNDLE_UNREADABLE, BUNDLE_MALFORMED } state;
	int tile_state; /* 1 read and of the right length, 0 missing, -1 unreadable, -2 of another length */
	struct hash root;
};

struct level {
	struct hash hash[TILE_WIDTH];
	size_t n;
	int64_t tiles; /* full ones before these */
};

struct state {
	struct tree_walk *walk;
	struct bundle *bundles;
	struct level *levels;
	struct audit_entry *batch;
};

/* ── hashes ───────────────────────────────────────────────────────────────────────────────────────────── */

/* The tree head of n hashes, n being any number from 1 to 256. */
static void head_of(const struct hash *hash, size_t n, struct hash *out)
{
	struct hash left[TILE_WIDTH];
	memcpy(left, hash, n * HASH_BYTES);
	for (; n > 1; n = (n + 1) / 2)
		for (size_t i = 0; i < n; i += 2) {
			if (i + 1 < n)
				hash_node(&left[i], &left[i + 1], &left[i / 2]);
			else
				left[i / 2] = left[i];
		}
	*out = left[0];
}

/* The root of what the levels hold now: their hashes are perfect subtrees, the highest level's leftmost. */
static void root_of(const struct level *levels, struct hash *out)
{
	bool any = false;
	struct hash one;
	/* From the right: the lowest level's last hashes first.  Within a level, n hashes are a left-to-right
	 * list of perfect subtrees of equal size, whose head is theirs alone only for the rightmost part. */
	for (int level = 0; level < LEVELS; level++) {
		const struct level *l = &levels[level];
		size_t rest = l->n;
		while (rest) {
			size_t block = rest & (~rest + 1); /* the lowest bit: the rightmost perfect block */
			head_of(&l->hash[rest - block], block, &one);
			if (any)
				hash_node(&one, out, out);
			else
				*out = one;
			any = true;
			rest -= block;
		}
	}
	if (!any)
		hash_bytes("", 0, out);
}

/* ── bundles, on any thread ───────────────────────────────────────────────────────────────────────────── */

static void split(struct bundle *b)
{
	size_t at = 0, len;
	const char *entry;
	while (b->here < b->width && bundle_next(b->bytes.data, b->bytes.len, &at, &entry, &len)) {
		b->entry[b->here] = (struct audit_entry){b->n * TILE_WIDTH + (int64_t)b->here, entry, len};
		hash_leaf(entry, len, &b->hash[b->here]);
		b->here++;
	}
	if (b->here < b->width || at != b->bytes.len)
		b->state = BUNDLE_MALFORMED;
}

/* Read the tree's file; as log_source's read. */
static int read_file_of(const struct log_source *source, int level, int64_t n, size_t width, struct buf *out)
{
	return source_tile(source, &(struct tile){level, n, (int)width}, out);
}

static void read_tile(const struct log_source *source, int level, int64_t n, size_t width, struct hash *into,
		      int *state)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	*state = read_file_of(source, level, n, width, &bytes);
	if (*state == 1 && bytes.len != width * HASH_BYTES)
		*state = -2;
	if (*state == 1)
		memcpy(into, bytes.data, bytes.len);
}

static void read_bundle(size_t i, void *arg)
{
	struct state *s = arg;
	struct bundle *b = &s->bundles[i];
	const struct log_source *source = s->walk->source;
	buf_clear(&b->bytes);
	int found = read_file_of(source, TILE_ENTRIES, b->n, b->width, &b->bytes);
	b->state = found == 1 ? BUNDLE_READ : found ? BUNDLE_UNREADABLE : BUNDLE_MISSING;
	b->here = 0;
	if (found == 1)
		split(b);
	read_tile(source, 0, b->n, b->width, b->tile, &b->tile_state);
	/* Where the entries themselves are not there, what the tile says of them stands in. */
	if (b->here < b->width && b->tile_state == 1)
		memcpy(&b->hash[b->here], &b->tile[b->here], (b->width - b->here) * HASH_BYTES);
	if (b->width == TILE_WIDTH)
		head_of(b->hash, TILE_WIDTH, &b->root);
}

/* ── in order ─────────────────────────────────────────────────────────────────────────────────────────── */

static void say_tile(struct state *s, int level, int64_t n, size_t width, int state)
{
	char path[TILE_PATH];
	tile_path(&(struct tile){level, n, (int)width}, path);
	audit_finding_add(s->walk->findings, -1, NULL, "%s %s", path,
			  state == 0    ? "is missing"
			  : state == -2 ? "is not as long as the tree has it"
			  : state == 1  ? "is not what the entries hash to"
					: "cannot be read");
}

static void say_bundle(struct state *s, const struct bundle *b)
{
	char path[TILE_PATH];
	struct findings *findings = s->walk->findings;
	tile_path(&(struct tile){TILE_ENTRIES, b->n, (int)b->width}, path);
	int64_t first = b->n * TILE_WIDTH;
	if (b->state == BUNDLE_MISSING && first + TILE_WIDTH <= s->walk->archived)
		return;
	if (b->state == BUNDLE_MISSING)
		audit_finding_add(findings, -1, NULL,
				  "%s is missing: entries %" PRId64 " to %" PRId64 " are gone", path, first,
				  first + (int64_t)b->width - 1);
	else if (b->state == BUNDLE_UNREADABLE)
		audit_finding_add(findings, -1, NULL, "%s cannot be read", path);
	else if (b->state == BUNDLE_MALFORMED)
		audit_finding_add(findings, -1, NULL, "%s holds %zu whole entries where the tree has %zu",
				  path, b->here, b->width);
}

static void check_bundle(struct state *s, const struct bundle *b)
{
	bool said = false;
	say_bundle(s, b);
	if (b->tile_state != 1)
		say_tile(s, 0, b->n, b->width, b->tile_state);
	for (size_t i = 0; b->tile_state == 1 && i < b->here; i++) {
		if (hash_same(&b->hash[i], &b->tile[i]))
			continue;
		audit_finding_add(s->walk->findings, b->n * TILE_WIDTH + (int64_t)i, NULL,
				  "it is not what the tree holds");
		said = true;
	}
	if (said)
		say_tile(s, 0, b->n, b->width, 1);
}

/* A level's tile that is full, or the last: it must be in its file. */
static void check_tile(struct state *s, int level)
{
	struct level *l = &s->levels[level];
	struct hash tile[TILE_WIDTH];
	int state;
	read_tile(s->walk->source, level, l->tiles, l->n, tile, &state);
	if (state != 1 || memcmp(tile, l->hash, l->n * HASH_BYTES) != 0)
		say_tile(s, level, l->tiles, l->n, state);
}

static void push(struct state *s, int level, const struct hash *hash)
{
	struct level *l = &s->levels[level];
	l->hash[l->n++] = *hash;
	if (l->n < TILE_WIDTH || level + 1 == LEVELS)
		return;
	struct hash root;
	check_tile(s, level);
	head_of(l->hash, TILE_WIDTH, &root);
	l->n = 0;
	l->tiles++;
	push(s, level + 1, &root);
}

static void take_bundle(struct state *s, const struct bundle *b)
{
	struct tree_walk *walk = s->walk;
	struct level *leaves = &s->levels[0];
	int64_t first = b->n * TILE_WIDTH;
	check_bundle(s, b);
	leaves->tiles = b->n;
	if (walk->old_size >= first && walk->old_size <= first + (int64_t)b->width) {
		leaves->n = (size_t)(walk->old_size - first);
		memcpy(leaves->hash, b->hash, leaves->n * HASH_BYTES);
		if (leaves->n < TILE_WIDTH)
			root_of(s->levels, &walk->old_root);
		leaves->n = 0;
	}
	if (b->width < TILE_WIDTH) {
		memcpy(leaves->hash, b->hash, b->width * HASH_BYTES);
		leaves->n = b->width;
		return;
	}
	leaves->tiles++;
	push(s, 1, &b->root);
	if (walk->old_size == first + TILE_WIDTH)
		root_of(s->levels, &walk->old_root);
}

static bool give_entries(struct state *s, size_t n)
{
	size_t all = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(s->batch + all, s->bundles[i].entry, s->bundles[i].here * sizeof *s->batch);
		all += s->bundles[i].here;
	}
	return s->walk->entries(s->walk->arg, s->batch, all);
}

static bool walk_bundles(struct state *s)
{
	struct tree_walk *walk = s->walk;
	int64_t bundles = (walk->size + TILE_WIDTH - 1) / TILE_WIDTH;
	for (int64_t n = 0; n < bundles;) {
		size_t batch = 0;
		for (; batch < AT_ONCE && n < bundles; batch++, n++) {
			int64_t left = walk->size - n * TILE_WIDTH;
			s->bundles[batch].n = n;
			s->bundles[batch].width = left < TILE_WIDTH ? (size_t)left : TILE_WIDTH;
		}
		pool_each(walk->pool, batch, read_bundle, s);
		for (size_t i = 0; i < batch; i++)
			take_bundle(s, &s->bundles[i]);
		if (walk->entries && !give_entries(s, batch))
			return false;
		if (walk->progress)
			walk->progress(walk->arg, n < bundles ? n * TILE_WIDTH : walk->size);
	}
	return true;
}

int64_t tree_archived(const struct log_source *source)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char *end;
	if (source->read(source->arg, "archived", &text) != 1 || !text.len)
		return 0;
	errno = 0;
	long long n = strtoll(text.data, &end, 10);
	return errno == 0 && n > 0 && (*end == '\n' || !*end) ? n : 0;
}

bool tree_walk(struct tree_walk *walk)
{
	struct state s = {.walk = walk,
			  .bundles = calloc(AT_ONCE, sizeof *s.bundles),
			  .levels = calloc(LEVELS, sizeof *s.levels),
			  .batch = calloc(AT_ONCE * TILE_WIDTH, sizeof *s.batch)};
	bool good = s.bundles && s.levels && s.batch;
	walk->archived = tree_archived(walk->source);
	if (good && walk->old_size == 0)
		root_of(s.levels, &walk->old_root);
	good = good && walk_bundles(&s);
	for (int level = 1; good && level < LEVELS; level++)
		if (s.levels[level].n)
			check_tile(&s, level);
	if (good)
		root_of(s.levels, &walk->root);
	for (int i = 0; s.bundles && i < AT_ONCE; i++)
		buf_finish(&s.bundles[i].bytes);
	free(s.bundles);
	free(s.levels);
	free(s.batch);
	return good;
}
