/* export_trace.h: a W3C traceparent (https://www.w3.org/TR/trace-context/), taken apart.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_TRACE_H
#define WHOSH_EXPORT_EXPORT_TRACE_H

#include <stdbool.h>

struct trace {
	char id[33], span[17]; /* lower-case hex */
};

/* false when it is NULL or no traceparent. */
bool trace_read(struct trace *trace, const char *traceparent);

#endif
