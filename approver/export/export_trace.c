/* export_trace.c: see export_trace.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_trace.h"
#include <string.h>

/* So many hex digits, not all of them zero, into `out`. */
static bool hex(const char *from, int n, char *out)
{
	bool zero = true;
	for (int i = 0; i < n; i++) {
		if (!strchr("0123456789abcdef", from[i]))
			return false;
		zero = zero && from[i] == '0';
		out[i] = from[i];
	}
	out[n] = '\0';
	return !zero;
}

bool trace_read(struct trace *trace, const char *text)
{
	if (!text || strlen(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-')
		return false;
	return hex(text + 3, 32, trace->id) && hex(text + 36, 16, trace->span);
}
