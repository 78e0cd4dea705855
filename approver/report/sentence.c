/* sentence.c: the sentences of a report; see sentence.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/sentence.h"
#include "approver/report/text.h"
#include "common/text.h"
#include "common/clock.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void date_add(struct buf *out, int64_t ms)
{
	char text[RFC3339_LEN + 1];
	rfc3339_format(ms, text);
	buf_addf(out, "%.10s %.5s UTC", text, text + 11);
}

/* "[one|many]": the one that fits; past the bracket. */
static const char *word_add(struct buf *out, const char *at, int64_t n)
{
	const char *bar = strchr(at, '|'), *end = strchr(at, ']');
	if (n == 1)
		buf_add(out, at + 1, (size_t)(bar - at - 1));
	else
		buf_add(out, bar + 1, (size_t)(end - bar - 1));
	return end + 1;
}

void sentence(struct buf *list, const char *format, ...)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t last = 0;
	va_list args;
	va_start(args, format);
	for (const char *at = format; *at;) {
		if (*at == '[') {
			at = word_add(&text, at, last);
			continue;
		}
		if (*at != '%') {
			buf_addc(&text, *at++);
			continue;
		}
		char what = at[1];
		at += 2;
		if (what == 's') {
			buf_adds(&text, va_arg(args, const char *));
			continue;
		}
		int64_t value = va_arg(args, int64_t);
		if (what == 'n') {
			report_count(&text, value);
			last = value;
		} else if (what == 't') {
			span_add(&text, value / 1000);
		} else {
			date_add(&text, value);
		}
	}
	va_end(args);
	if (list->len)
		buf_addc(list, ',');
	report_string(list, &text);
}

void ranking_add(struct buf *out, const struct tally *tally, size_t most, const struct secrets *secrets)
{
	const struct tally_entry **ranked = tally_ranked(tally);
	size_t shown = tally->count < most ? tally->count : most;
	int64_t more = (int64_t)(tally->count - shown);
	for (size_t i = 0; ranked && i < shown; i++) {
		bool end = i + 1 == shown && !more && i > 0;
		buf_adds(out, !i ? "" : end ? " and " : ", ");
		report_text(out, ranked[i]->name, secrets);
		buf_adds(out, " (");
		report_count(out, ranked[i]->n[0]);
		buf_addc(out, ')');
	}
	if (more || tally->others.n[0])
		buf_addf(out, " and %" PRId64 "%s more", more, tally->others.n[0] ? " or" : "");
	free(ranked);
}
