/* meaning.h: the parts of what a session has changed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef READER_MEANING_H
#define READER_MEANING_H

#include "shell/reader/reader.h"

/* One change; `text` may be NULL. */
void meaning_tell(struct buf *frame, const char *kind, const char *name, const char *text);

/* meaning_variables.c, meaning_bash.c: remember the beginning, false when out of memory; add what has
 * changed. */
bool meaning_variables_begin(void);
void meaning_variables(struct buf *frame);
bool meaning_bash_begin(void);
void meaning_bash(struct buf *frame);

#endif
