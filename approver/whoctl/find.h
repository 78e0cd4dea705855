/* find.h: the command that a person means by a few characters of its ID.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_FIND_H
#define WHOSH_WHOCTL_FIND_H

#include "approver/whoctl/api.h"

#define ID_SHORTEST 8

/* Write the whole ID into `id` (UUID_LEN + 1 bytes).  `typed` is one, or at least 8 characters of its
 * beginning or end that only one command has: of those pending, or, with `all`, also of the newest 1,000.  0
 * or an exit status. */
int find_command(struct ctl *ctl, const char *typed, bool all, char *id);

/* Does the ID begin or end with what was typed? */
bool id_abbreviated(const char *id, const char *typed);

#endif
