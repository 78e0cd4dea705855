/* lineage.h: everyone that a command descends from, as a text that is small to keep and quick to search.
 *
 * One line each, in any order: "human NAME\n", "agent NAME\n", "credential THUMBPRINT\n".
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_LINEAGE_H
#define WHOSH_IDENTITY_LINEAGE_H

#include <stdbool.h>

/* Has it the line "KIND NAME"?  NULL has none. */
bool lineage_has(const char *lineage, const char *kind, const char *name);
/* The lineage of a stored chain, [{"type":…,"id":…,"credential":…},…]; NULL when it cannot be read, or out of
 * memory.  free() it. */
char *lineage_of_chain(const char *chain);

#endif
