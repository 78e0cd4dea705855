/* tally.c: how often each of many names was met; see tally.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/tally.h"
#include <stdlib.h>
#include <string.h>

/* Where the name stands, or would. */
static size_t place_of(const struct tally *tally, const char *name, bool *there)
{
	size_t low = 0, high = tally->count;
	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(tally->entries[middle].name, name);
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

static bool insert(struct tally *tally, size_t at, const char *name)
{
	if (tally->count == tally->room) {
		size_t room = tally->room ? tally->room * 2 : 16;
		struct tally_entry *moved = reallocarray(tally->entries, room, sizeof *moved);
		if (!moved)
			return false;
		tally->entries = moved;
		tally->room = room;
	}
	char *copy = strdup(name);
	if (!copy)
		return false;
	memmove(&tally->entries[at + 1], &tally->entries[at], (tally->count - at) * sizeof *tally->entries);
	tally->entries[at] = (struct tally_entry){.name = copy};
	tally->count++;
	return true;
}

struct tally_entry *tally_of(struct tally *tally, const char *name)
{
	bool there;
	size_t at = place_of(tally, name, &there);
	if (there)
		return &tally->entries[at];
	if (tally->failed || tally->count == TALLY_MAX || strlen(name) > TALLY_NAME_MAX)
		return &tally->others;
	if (insert(tally, at, name))
		return &tally->entries[at];
	tally->failed = true;
	return &tally->others;
}

int64_t tally_met(const struct tally *tally, const char *name)
{
	bool there;
	size_t at = place_of(tally, name, &there);
	return there ? tally->entries[at].n[0] : 0;
}

/* Of those met equally often, by name, so that an answer is the same each time. */
static int by_rank(const void *a, const void *b)
{
	const struct tally_entry *const *x = a, *const *y = b;
	if ((*x)->n[0] != (*y)->n[0])
		return (*x)->n[0] < (*y)->n[0] ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

const struct tally_entry **tally_ranked(const struct tally *tally)
{
	const struct tally_entry **ranked = tally->count ? calloc(tally->count, sizeof *ranked) : NULL;
	for (size_t i = 0; ranked && i < tally->count; i++)
		ranked[i] = &tally->entries[i];
	if (ranked)
		qsort(ranked, tally->count, sizeof *ranked, by_rank);
	return ranked;
}

void tally_finish(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		free(tally->entries[i].name);
	free(tally->entries);
	*tally = (struct tally){0};
}
