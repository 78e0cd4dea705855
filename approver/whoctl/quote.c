/* quote.c: words of others inside our own sentences; see quote.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/quote.h"
#include "approver/whoctl/table.h"
#include "common/text.h"
#include <string.h>

static void clip(struct buf *out, const struct buf *text, size_t columns)
{
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, text->data ? text->data : "", text->len);
	if (columns)
		clipped_add(out, visible.data ? visible.data : "", visible.len, columns);
	else
		buf_add(out, visible.data ? visible.data : "", visible.len);
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
	clip(out, &escaped, columns);
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
	struct buf word BUF_AUTO = BUF_INIT;
	if (!is_word(text)) {
		quoted_add(out, text, columns);
		return;
	}
	buf_adds(&word, text);
	clip(out, &word, columns);
}
