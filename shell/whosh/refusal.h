/* refusal.h: a line that does not run: with which status, and what is said about it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REFUSAL_H
#define WHOSH_REFUSAL_H

#include "common/buf.h"
#include "common/wire.h"

struct refusal {
	int status;      /* of exits.h */
	struct buf text; /* whole lines, visible */
};
#define REFUSAL_AUTO __attribute__((cleanup(refusal_finish)))

/* "whosh: KIND: …" where KIND is that of the status; returns false. */
__attribute__((format(printf, 3, 4))) bool refusal_set(struct refusal *refusal, int status,
						       const char *format, ...);
/* What a REFUSED frame of the broker says. */
void refusal_read(struct refusal *refusal, const struct wire_message *refused);
/* Say it on standard error, and exit. */
_Noreturn void refusal_exit(const struct refusal *refusal);
void refusal_finish(struct refusal *refusal);

#endif
