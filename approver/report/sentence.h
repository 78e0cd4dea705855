/* sentence.h: the sentences of a report, put together from numbers and names.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_SENTENCE_H
#define WHOSH_REPORT_SENTENCE_H

#include "approver/report/tally.h"
#include "common/buf.h"

struct secrets;

/* Append a sentence as a JSON string, after a comma unless the list is empty.  In the format %n is an int64_t
 * with commas, and [one|many] after it the word that fits the last number; %t an int64_t of ms as a span, %d
 * one as a date and time in UTC, %s text that is ours or has been through report_text. */
void sentence(struct buf *list, const char *format, ...);
/* Append "alice (12), bob (3) and 4 more", those met most often first, at most `most`. */
void ranking_add(struct buf *out, const struct tally *tally, size_t most, const struct secrets *secrets);

#endif
