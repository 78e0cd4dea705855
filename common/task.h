/* task.h: the SHA-256 that stands for a task whose text is not to be told, or beside a text that is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TASK_H
#define WHOSH_TASK_H

#include <stdbool.h>

#define TASK_HASH_LEN 64

/* Is it a SHA-256 in lower-case hexadecimal? */
bool task_hash_valid(const char *hex);
/* Is it the hash of this task's bytes?  Also true when one of the two is not given (NULL). */
bool task_hash_agrees(const char *task, const char *hex);

#endif
