/* tile.h: where parts of the tree are, as C2SP tlog-tiles has it (https://c2sp.org/tlog-tiles).
 *
 * A tile of level L holds 256 hashes of complete subtrees of 256^L leaves, a bundle 256 entries; the last of
 * a level may be partial.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_TILE_H
#define WHOSH_LOG_TILE_H

#include "common/buf.h"
#include <stdint.h>

enum { TILE_HEIGHT = 8, TILE_WIDTH = 256, TILE_LEVELS = 8, TILE_ENTRIES = -1, TILE_PATH = 64 };

struct tile {
	int level; /* TILE_ENTRIES: a bundle */
	int64_t n;
	int width; /* 1 to TILE_WIDTH */
};

/* "tile/0/x001/067", "tile/entries/000.p/12". */
void tile_path(const struct tile *tile, char out[TILE_PATH]);
/* false: it is no path of a tile, in the one form there is. */
bool tile_parse(struct tile *tile, const char *path);
/* How wide the tile `n` of a level is in a tree of `size` leaves; 0: it is not there. */
int tile_width(int level, int64_t n, int64_t size);
/* The number of the last tile of a level, full or not. */
int64_t tile_last(int level, int64_t size);

/* Append an entry to a bundle: its length in two bytes, and itself (at most 65,535 bytes). */
void bundle_add(struct buf *bundle, const void *bytes, size_t len);
/* Take the entry at *at apart and go on behind it; false: the bundle ends within it. */
bool bundle_next(const char *bundle, size_t len, size_t *at, const char **entry, size_t *entry_len);

#endif
