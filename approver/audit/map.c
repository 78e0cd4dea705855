/* map.c: strings to pointers; see map.h.  Open addressing, half full at most; nothing is ever taken out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/map.h"
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static unsigned char key[crypto_shorthash_KEYBYTES];

static void make_key(void)
{
	randombytes_buf(key, sizeof key);
}

static size_t hash(const char *name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t value;
	pthread_once(&once, make_key);
	crypto_shorthash((unsigned char *)&value, (const unsigned char *)name, strlen(name), key);
	return (size_t)value;
}

static struct map_slot *find(const struct map *map, const char *name)
{
	size_t at = hash(name) & (map->room - 1);
	while (map->slots[at].name && strcmp(map->slots[at].name, name) != 0)
		at = (at + 1) & (map->room - 1);
	return &map->slots[at];
}

void *map_get(const struct map *map, const char *name)
{
	return map->room ? find(map, name)->value : NULL;
}

static bool grow(struct map *map)
{
	struct map wider = {.room = map->room ? 2 * map->room : 64};
	wider.slots = calloc(wider.room, sizeof *wider.slots);
	if (!wider.slots)
		return false;
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].name)
			*find(&wider, map->slots[i].name) = map->slots[i];
	wider.n = map->n;
	free(map->slots);
	*map = wider;
	return true;
}

bool map_put(struct map *map, const char *name, void *value)
{
	if (2 * map->n >= map->room && !grow(map))
		return false;
	struct map_slot *slot = find(map, name);
	if (!slot->name)
		map->n++;
	*slot = (struct map_slot){name, value};
	return true;
}

void map_finish(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
