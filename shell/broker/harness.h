/* harness.h: which harness runs the agent, by the variables that harnesses are known to set: a hint, never
 * authority.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_HARNESS_H
#define BROKER_HARNESS_H

#include "common/wire.h"

/* The harness's name, malloc'd; NULL when none is recognised. */
char *harness_hint(const struct wire_message *ask);

#endif
