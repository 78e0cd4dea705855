/* quote.h: words of others inside our own sentences: where they begin and end must be plain to see.
 *
 * A task, a version or a pattern is whatever somebody wrote: without this, `x", approved by rule safe: ls`
 * would read as if whoctl had said the rest.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_QUOTE_H
#define WHOSH_WHOCTL_QUOTE_H

#include "common/buf.h"

/* Append the text visibly (text.h), cut to so many columns (0: whole). */
void clipped_text_add(struct buf *out, const char *text, size_t columns);
/* Append "TEXT" visibly (text.h), cut to so many columns (0: whole), a quote in it as \" and a backslash
 * as \\. */
void quoted_add(struct buf *out, const char *text, size_t columns);
/* The same, without the quotes where the text cannot be taken for more than one word. */
void word_or_quoted_add(struct buf *out, const char *text, size_t columns);

#endif
