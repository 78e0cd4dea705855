/* find.h: where in a text are secrets?
 *
 * The text is what an agent sent: a line of shell, a whole script, a task, a path; any bytes at all.  One
 * pass, no backtracking: the time is linear in the length whatever the bytes are.
 *
 * What is found will be hidden from the person who decides, so a finding must be data and never a command.
 * It holds no blank, no newline and no character that ends a word or a command in the shell, and no
 * expansion, unless it stands in quotes that certainly are quotes (quotes.h); a value that goes on behind
 * such a character is found up to there.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_FIND_H
#define WHOSH_SECRETS_FIND_H

#include "approver/secrets/patterns.h"
#include <stdbool.h>
#include <stddef.h>

struct finding {
	size_t start, end; /* bytes; the end is not of it */
};
/* In order, none overlapping another. */
struct findings {
	struct finding *list;
	size_t n, room;
	bool failed; /* out of memory: the list is not whole */
};

/* Append what is found in `len` bytes.  `own` are the operator's patterns; NULL: none. */
void find_secrets(struct findings *found, const struct own_patterns *own, const char *text, size_t len);
void findings_finish(struct findings *found);

#endif
