/* quote.c: words of others inside our own sentences; see quote.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/quote.h"
#include "approver/whoctl/table.h"
#include "common/text.h"
#include <string.h>

void clipped_text_add(struct buf *out, const char *text, size_t columns)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(columns ? &visible : out, text, strlen(text));
	if (columns)
		clipped_add(out, visible.data ? visible.data : "", visible.len, columns);
}

void quoted_add(struct buf *out, const char *text, size_t columns)
{
	struct buf escaped BUF_AUTO = BUF_INIT;
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(&escaped, '\\');
		buf_addc(&escaped, *text);
	}
	buf_addc(out, '"');
	clipped_text_add(out, escaped.data ? escaped.data : "", columns);
	buf_addc(out, '"');
}

static bool is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"\\;,|()", *c))
			return false;
	return *text != 0;
}

void word_or_quoted_add(struct buf *out, const char *text, size_t columns)
{
	if (is_word(text))
		clipped_text_add(out, text, columns);
	else
		quoted_add(out, text, columns);
}
