/* tile.c: paths of tiles, and bundles of entries.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/tile.h"
#include <stdio.h>
#include <string.h>

enum { GROUP = 1000 }; /* three digits of a number are one folder */

void tile_path(const struct tile *tile, char out[TILE_PATH])
{
	char number[40] = "", part[48];
	int64_t n = tile->n;
	snprintf(number, sizeof number, "%03d", (int)(n % GROUP));
	while ((n /= GROUP) > 0) {
		snprintf(part, sizeof part, "x%03d/%s", (int)(n % GROUP), number);
		memcpy(number, part, sizeof number - 1);
	}
	int len = tile->level == TILE_ENTRIES ? snprintf(out, TILE_PATH, "tile/entries/%s", number)
					      : snprintf(out, TILE_PATH, "tile/%d/%s", tile->level, number);
	if (tile->width < TILE_WIDTH)
		snprintf(out + len, TILE_PATH - (size_t)len, ".p/%d", tile->width);
}

static bool digits(const char **at, int most, int *value)
{
	int n = 0;
	*value = 0;
	for (; n < most && **at >= '0' && **at <= '9'; n++)
		*value = *value * 10 + *(*at)++ - '0';
	return n > 0;
}

bool tile_parse(struct tile *tile, const char *path)
{
	char again[TILE_PATH];
	int part;
	*tile = (struct tile){.width = TILE_WIDTH};
	if (strncmp(path, "tile/", 5) != 0 || strlen(path) >= TILE_PATH)
		return false;
	const char *at = path + 5;
	if (!strncmp(at, "entries/", 8)) {
		tile->level = TILE_ENTRIES;
		at += 8;
	} else if (!digits(&at, 2, &tile->level) || *at++ != '/' || tile->level >= TILE_LEVELS) {
		return false;
	}
	for (bool more = true; more;) {
		more = *at == 'x';
		at += more;
		if (!digits(&at, 3, &part) || (more && *at++ != '/') || tile->n > INT64_MAX / GROUP / GROUP)
			return false;
		tile->n = tile->n * GROUP + part;
	}
	if (*at && (strncmp(at, ".p/", 3) != 0 || (at += 3, !digits(&at, 3, &tile->width)) || *at ||
		    tile->width < 1 || tile->width >= TILE_WIDTH))
		return false;
	tile_path(tile, again);
	return !strcmp(again, path);
}

int64_t tile_last(int level, int64_t size)
{
	return size >> (level == TILE_ENTRIES ? TILE_HEIGHT : TILE_HEIGHT * (level + 1));
}

int tile_width(int level, int64_t n, int64_t size)
{
	int64_t all = level == TILE_ENTRIES ? size : size >> (TILE_HEIGHT * level),
		left = all - n * TILE_WIDTH;
	return left <= 0 ? 0 : left < TILE_WIDTH ? (int)left : TILE_WIDTH;
}

void bundle_add(struct buf *bundle, const void *bytes, size_t len)
{
	buf_addc(bundle, (char)(len >> 8));
	buf_addc(bundle, (char)(len & 255));
	buf_add(bundle, bytes, len);
}

bool bundle_next(const char *bundle, size_t len, size_t *at, const char **entry, size_t *entry_len)
{
	if (len - *at < 2)
		return false;
	size_t n = (size_t)(unsigned char)bundle[*at] << 8 | (unsigned char)bundle[*at + 1];
	if (len - *at - 2 < n)
		return false;
	*entry = bundle + *at + 2;
	*entry_len = n;
	*at += 2 + n;
	return true;
}
