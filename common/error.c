/* error.c: see error.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool error_set(char **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!*error && vasprintf(error, format, args) < 0)
		*error = NULL;
	va_end(args);
	return false;
}
