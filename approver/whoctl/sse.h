/* sse.h: an event stream (WHATWG HTML, "Server-sent events") cut into its events.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_SSE_H
#define WHOSH_WHOCTL_SSE_H

#include "common/buf.h"

#define SSE_MAX (8u << 20) /* bytes of one line or one event */

struct sse {
	struct buf line, data, event, id;
	bool after_cr;
	/* An event is whole: its name ("message" when the stream gives none) and its data, both
	 * NUL-terminated. */
	bool (*take)(const char *event, const struct buf *data, void *arg);
	/* A comment that says something (NULL: none is wanted). */
	void (*remark)(const char *text, size_t len, void *arg);
	void *arg;
};

/* Feed bytes as they come, in pieces of any size.  false when `take` said so, or an event is larger than
 * SSE_MAX. */
bool sse_feed(struct sse *sse, const char *bytes, size_t len);
/* The last event's ID, to go on from after a lost connection; NULL when there was none. */
const char *sse_last_id(const struct sse *sse);
/* Forget the half of an event that came before the connection was lost; the last ID stays. */
void sse_restart(struct sse *sse);
void sse_finish(struct sse *sse);

#endif
