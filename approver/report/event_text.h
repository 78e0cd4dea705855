/* event_text.h: an event of the log that is no command's, told in one sentence.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_EVENT_TEXT_H
#define WHOSH_REPORT_EVENT_TEXT_H

#include "approver/store/store.h"
#include "common/buf.h"

struct secrets;

/* Append "alice signed in as reviewer from 192.0.2.7", visibly and without secrets; a kind that has no
 * sentence is told by its name. */
void event_text(struct buf *out, enum event_kind kind, const char *body, size_t len,
		const struct secrets *secrets);

#endif
