/* hunt.h: those of a tree that are gone whenever one looks.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HUNT_H
#define WHOSH_HUNT_H

#include "common/tree.h"

/* Send these signals (0 ends the list) to whoever of the tree is found among the newest processes, for as
 * long as some are found, and for `ms` at most.  Was there anybody? */
bool tree_hunt(const struct tree *tree, const int *signals, int64_t ms);

#endif
