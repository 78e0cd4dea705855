/* sorted.h: arrays that are sorted by name.
 *
 * An element is any struct whose first member is its `char *name`; size is its sizeof.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SORTED_H
#define WHOSH_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* Where the name stands, or would. */
size_t sorted_place(const void *array, size_t n, size_t size, const char *name, bool *there);
/* Put a zeroed element of that name in at its place, which must be free.  The array as it is then, with *n
 * and *room; NULL, with nothing changed, when out of memory.  The name is copied. */
void *sorted_insert(void *array, size_t *n, size_t *room, size_t size, size_t at, const char *name);

#endif
