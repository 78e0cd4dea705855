/* neighbours.h: what a session did just before a command, and just after it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_NEIGHBOURS_H
#define WHOSH_STORE_NEIGHBOURS_H

#include "approver/store/store.h"

/* The command's neighbours in its session, in the order in which they came, at most `each` on either side.
 * The time does not depend on how many commands the session, or the store, has.  0, or -1 after logging why.
 */
int store_neighbours(struct store_reader *reader, const struct command_row *row, int each,
		     store_command_fn *before, store_command_fn *after, void *arg);

#endif
