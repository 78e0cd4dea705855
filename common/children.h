/* children.h: how many children there are.  Libc only: the gate links it, and the session's bash loads it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_CHILDREN_H
#define WHOSH_CHILDREN_H

#include <stddef.h>

/* Those of the calling thread, those included that wait to be reaped (proc(5), task/TID/children); 0 when
 * /proc does not say. */
size_t children_count(void);

#endif
