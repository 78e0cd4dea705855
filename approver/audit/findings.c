/* findings.c: what an audit found to be wrong; see findings.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/findings.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void audit_findings_finish(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		free(findings->kept[i].text);
	free(findings->kept);
	*findings = (struct findings){0};
}

static struct finding *next(struct findings *findings)
{
	if (findings->n == FINDINGS_KEPT)
		return NULL;
	if (findings->n == findings->room) {
		size_t room = findings->room ? 2 * findings->room : 16;
		struct finding *more = reallocarray(findings->kept, room, sizeof *more);
		if (!more) {
			findings->failed = true;
			return NULL;
		}
		findings->kept = more;
		findings->room = room;
	}
	return &findings->kept[findings->n];
}

void audit_finding_add(struct findings *findings, int64_t index, const char *command, const char *format, ...)
{
	char *text = NULL;
	struct buf visible BUF_AUTO = BUF_INIT;
	va_list args;
	findings->all++;
	struct finding *finding = next(findings);
	if (!finding)
		return;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		text = NULL;
	if (text)
		visible_add(&visible, text, (size_t)len);
	free(text);
	*finding = (struct finding){.index = index};
	if (command && strlen(command) <= UUID_LEN)
		strcpy(finding->command, command);
	finding->text = visible.failed || !visible.len ? strdup("something is wrong (out of memory)")
						       : buf_take(&visible);
	if (finding->text)
		findings->n++;
	else
		findings->failed = true;
}

void audit_finding_line(struct buf *out, const struct finding *finding)
{
	if (finding->index >= 0)
		buf_addf(out, "entry %" PRId64, finding->index);
	if (*finding->command)
		buf_addf(out, "%scommand %s", finding->index >= 0 ? ", " : "", finding->command);
	if (finding->index >= 0 || *finding->command)
		buf_adds(out, ": ");
	buf_adds(out, finding->text);
}
