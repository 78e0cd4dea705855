/* fuzz_note.c: any bytes as a checkpoint, a verifier's key, a tile's path and a bundle: nothing is read
 * beyond their end, what is taken is in its one form, and no signature is believed that the key did not make.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/note.h"
#include "approver/log/tile.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_checkpoint(const char *bytes, size_t len)
{
	/* The private half of this key is gone. */
	static const char key[] = "whoshd:fuzz+1c236385+AVGW7e8Z+8OkRVw9qbnn0Fe+TEdI6SI4/ClyJO3Aa4pd";
	static struct note_verifier verifier;
	struct checkpoint checkpoint;
	size_t text_len;
	if (!verifier.kind && !note_vkey_parse(&verifier, key))
		abort();
	if (!checkpoint_parse(&checkpoint, bytes, len, &text_len))
		return;
	struct buf again BUF_AUTO = BUF_INIT;
	checkpoint_add(&again, &checkpoint);
	if (again.len != text_len || memcmp(again.data, bytes, text_len) != 0)
		abort();
	if (note_verify(bytes, len, text_len, &verifier, NULL) == 1)
		abort();
}

static void as_bundle(const char *bytes, size_t len)
{
	struct buf again BUF_AUTO = BUF_INIT;
	size_t at = 0, entry_len;
	const char *entry;
	while (bundle_next(bytes, len, &at, &entry, &entry_len))
		bundle_add(&again, entry, entry_len);
	if (at > len || again.len != at || (at && memcmp(again.data, bytes, at) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[TILE_PATH], *text = malloc(size + 1);
	struct note_verifier verifier;
	struct tile tile;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tile_parse(&tile, text)) {
		tile_path(&tile, path);
		if (strcmp(path, text) != 0 || tile.n < 0 || tile.width < 1 || tile.width > TILE_WIDTH)
			abort();
		(void)tile_width(tile.level, tile.n, INT64_MAX);
	}
	if (note_vkey_parse(&verifier, text)) {
		struct buf again BUF_AUTO = BUF_INIT;
		note_vkey_add(&again, &verifier);
		if (strcmp(again.data, text) != 0)
			abort();
	}
	as_checkpoint((const char *)data, size);
	as_bundle((const char *)data, size);
	free(text);
	return 0;
}
