/* error.h: the sentence that says why something failed.
 *
 * A function that can fail in ways a person should read takes `char **error`, sets it to a malloc'd sentence
 * and returns false (NULL, -1); its caller owns the sentence.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_ERROR_H
#define WHOSH_ERROR_H

#include <stdbool.h>

/* Set *error unless it is set already: the first thing that went wrong is what to tell.  Always false, so
 * that a caller can return it.  Out of memory leaves NULL. */
__attribute__((format(printf, 2, 3))) bool error_set(char **error, const char *format, ...);

#endif
