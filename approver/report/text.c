/* text.c: texts of others, and numbers, inside the sentences of a report; see text.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/text.h"
#include "approver/secrets/secrets.h"
#include "common/json.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 120 };

/* The text with its secrets masked; nothing of it when that cannot be done. */
static void masked_add(struct buf *out, const char *text, const struct secrets *secrets)
{
	struct masking *masking = masking_new(secrets);
	if (masking)
		mask_text(masking, out, text, strlen(text));
	else
		out->failed = true;
	masking_free(masking);
}

void report_text(struct buf *out, const char *text, const struct secrets *secrets)
{
	struct buf masked BUF_AUTO = BUF_INIT, visible BUF_AUTO = BUF_INIT;
	masked_add(&masked, text, secrets);
	if (masked.failed) {
		out->failed = true;
		return;
	}
	visible_add(&visible, masked.data ? masked.data : "", masked.len);
	size_t at = 0, n, characters = 0;
	uint32_t c;
	while (at < visible.len && characters < TEXT_MAX &&
	       (n = utf8_next(visible.data + at, visible.len - at, &c))) {
		at += n;
		characters++;
	}
	buf_add(out, visible.data ? visible.data : "", at);
	if (at < visible.len)
		buf_adds(out, "…");
}

void report_count(struct buf *out, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRId64, n);
	for (int i = 0; i < len; i++) {
		buf_addc(out, digits[i]);
		if (digits[i] != '-' && i + 1 < len && (len - i - 1) % 3 == 0)
			buf_addc(out, ',');
	}
}

void report_member(struct buf *out, const char *name)
{
	if (out->len && out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	buf_addf(out, "\"%s\":", name);
}

void report_string(struct buf *out, const struct buf *text)
{
	json_add_string(out, text->data ? text->data : "", text->len);
}
