/* environment_value.h: what environment.c's tables and the judgement of values share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_ENVIRONMENT_VALUE_H
#define WHOSH_ENVIRONMENT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* How long the name of this NAME=value is. */
size_t name_len(const char *entry);
/* Is it in the table, which NULL ends?  A '*' at the end of a name stands for any rest. */
bool name_in_table(const char *entry, const char *const *table);
/* Does this NAME=value, whose name alone says nothing, load code by its value, or change how the line is
 * read? */
bool value_loads_code(const char *entry);

#endif
