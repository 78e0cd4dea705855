/* findings.h: what an audit found to be wrong, one plain line each.
 *
 * A finding says where (the entry's index, the command it is about) and what.  All of them are counted; the
 * first FINDINGS_KEPT are kept, so that a log that is rubbish from end to end does not fill memory.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_FINDINGS_H
#define WHOSH_AUDIT_FINDINGS_H

#include "common/buf.h"
#include "common/uuid.h"

enum { FINDINGS_KEPT = 10000 };

struct finding {
	int64_t index;              /* -1: of no single entry */
	char command[UUID_LEN + 1]; /* "": of none */
	char *text;                 /* visible (text.h) */
};

struct findings {
	struct finding *kept;
	size_t n, room;
	int64_t all;
	bool failed; /* out of memory: what is kept is not all that there was */
};

void audit_findings_finish(struct findings *findings);
/* Add one.  `index` is -1 when it is of no single entry; `command` may be NULL, or too long to be an ID: then
 * it is left out. */
void audit_finding_add(struct findings *findings, int64_t index, const char *command, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Append "entry 17, command 0193…: the permit is for other bytes". */
void audit_finding_line(struct buf *out, const struct finding *finding);

#endif
