/* sorted.c: arrays that are sorted by name.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/sorted.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

size_t sorted_place(const void *array, size_t n, size_t size, const char *name, bool *there)
{
	size_t low = 0, high = n;
	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other;
		memcpy(&other, (const char *)array + middle * size, sizeof other);
		int order = strcmp(other, name);
		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *sorted_insert(void *array, size_t *n, size_t *room, size_t size, size_t at, const char *name)
{
	char *copy = strdup(name);
	if (copy && *n == *room) {
		size_t more = *room ? *room * 2 : FIRST_ROOM;
		void *moved = reallocarray(array, more, size);
		if (!moved) {
			free(copy);
			return NULL;
		}
		array = moved;
		*room = more;
	}
	if (!copy)
		return NULL;
	char *place = (char *)array + at * size;
	memmove(place + size, place, (*n - at) * size);
	memset(place, 0, size);
	memcpy(place, &copy, sizeof copy);
	(*n)++;
	return array;
}
