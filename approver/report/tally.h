/* tally.h: how often each of many names was met, in bounded memory.
 *
 * Names are counted one by one up to TALLY_MAX different ones; what comes after that is counted together
 * under `others`, so that the sums stay right whatever an agent thinks up.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_TALLY_H
#define WHOSH_REPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TALLY_MAX = 4096, TALLY_NAME_MAX = 512, TALLY_COUNTS = 4 };

struct tally_entry {
	char *name;
	int64_t n[TALLY_COUNTS]; /* what each counts is the user's to say; [0] is how often it was met */
};

/* Zeroed, it is empty. */
struct tally {
	struct tally_entry *entries; /* sorted by name */
	size_t count, room;
	struct tally_entry others;
	bool failed; /* out of memory: nothing more is counted */
};

/* The entry to count in; `others` when there are too many or the name is too long; never NULL. */
struct tally_entry *tally_of(struct tally *tally, const char *name);
/* How often the name was met; 0: never. */
int64_t tally_met(const struct tally *tally, const char *name);
/* The entries, those met most often first, as an array of pointers that the caller frees; NULL when there are
 * none or no memory. */
const struct tally_entry **tally_ranked(const struct tally *tally);
void tally_finish(struct tally *tally);

#endif
