/* text.h: texts of others, and numbers, inside the sentences of a report.
 *
 * Every text that an agent sent and that a sentence of a report quotes goes through report_text, the one
 * place where it can be changed before people see it; whole records go through approver/http/record.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_TEXT_H
#define WHOSH_REPORT_TEXT_H

#include "common/buf.h"

struct secrets;

/* Append a text of somebody else's: its secrets masked (NULL: none), visibly (common/text.h), cut to 120
 * characters. */
void report_text(struct buf *out, const char *text, const struct secrets *secrets);
/* Append a number as people read it: 1,234,567. */
void report_count(struct buf *out, int64_t n);
/* Append `,"name":` unless it is the object's first member, then only `"name":`. */
void report_member(struct buf *out, const char *name);
/* Append a finished text as a JSON string. */
void report_string(struct buf *out, const struct buf *text);

#endif
