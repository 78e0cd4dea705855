/* row.h: a command's row as people may see it.
 *
 * A copy whose texts are masked: line, cwd, task, reasons, chain, detail.  Whatever tells commands to people
 * or writes them out (lists, events, exports, reports) makes one and tells that.
 *
 *     struct masked_row m;
 *     if (masked_row_init(&m, row, secrets)) … tell m.row, and "masked":true when m.marks …
 *     masked_row_finish(&m);
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_ROW_H
#define WHOSH_SECRETS_ROW_H

#include "approver/secrets/secrets.h"
#include "approver/store/store.h"

enum { MASKED_TEXTS = 8 };

struct masked_row {
	struct command_row row;  /* borrows whatever had no secret in it from the row it was made from */
	size_t marks;            /* how many were made */
	struct masking *masking; /* for what else is told of this command */
	char *owned[MASKED_TEXTS];
};

/* Secrets NULL: nothing is masked.  false: out of memory, and m->row must not be told; finish it all the
 * same. */
bool masked_row_init(struct masked_row *m, const struct command_row *row, const struct secrets *secrets);
void masked_row_finish(struct masked_row *m);

#endif
