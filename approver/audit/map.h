/* map.h: strings to pointers, for what an audit must remember of the entries before.
 *
 * The strings come out of the log, whose writer is not trusted: they are hashed with a key of the process.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_MAP_H
#define WHOSH_AUDIT_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map {
	struct map_slot {
		const char *name;
		void *value;
	} * slots;
	size_t n, room; /* room: 0 or a power of two */
};

void *map_get(const struct map *map, const char *name); /* NULL: not there */
/* Put or replace.  The name is borrowed: it must live as long as the map (it is part of the value, as a
 * rule).  false: out of memory. */
bool map_put(struct map *map, const char *name, void *value);
/* Frees the table, not what is in it. */
void map_finish(struct map *map);

#endif
