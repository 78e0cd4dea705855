/* tally.c: how often each of many names was met; see tally.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/tally.h"
#include "common/sorted.h"
#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct tally *tally, const char *name, bool *there)
{
	return sorted_place(tally->entries, tally->count, sizeof *tally->entries, name, there);
}

struct tally_entry *tally_of(struct tally *tally, const char *name)
{
	bool there;
	size_t at = place_of(tally, name, &there);
	if (there)
		return &tally->entries[at];
	if (tally->failed || tally->count == TALLY_MAX || strlen(name) > TALLY_NAME_MAX)
		return &tally->others;
	struct tally_entry *entries =
	    sorted_insert(tally->entries, &tally->count, &tally->room, sizeof *entries, at, name);
	tally->failed = !entries;
	if (tally->failed)
		return &tally->others;
	tally->entries = entries;
	return &entries[at];
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
