/* permit.h: is this answer a permit for exactly the command that was asked?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_PERMIT_H
#define BROKER_PERMIT_H

#include "common/jws.h"
#include <stdbool.h>
#include <stdint.h>

#define PERMIT_TOLERANCE 60 /* seconds that two clocks may differ */

/* The IDs of permits that were taken, kept as long as each could still be offered again. */
struct permit_book;
struct permit_book *permit_book_new(void); /* NULL: out of memory */
void permit_book_free(struct permit_book *book);

/* What the permit must be for. */
struct permit_expected {
	const struct public_key *approver;
	const char *command_id, *command_s256, *agent;
	int64_t now; /* seconds since 1970 */
};

/* What a permit that passed says.  Strings are malloc'd or NULL. */
struct permit {
	bool approved;
	bool unreviewed; /* denied, because nobody reviewed in time */
	bool killed;     /* denied, because whoever asks was killed while it waited */
	char *rule, *reason;
	int64_t lease_s; /* 0: none */
};
void permit_finish(struct permit *permit);

/* Check it, and take it: the same permit passes once.  NULL when it holds, else a static phrase why not
 * (and *permit is empty).  Only when NULL is returned may permit->approved be looked at. */
const char *permit_check(struct permit_book *book, const char *jws, size_t len,
			 const struct permit_expected *expected, struct permit *permit);

#endif
