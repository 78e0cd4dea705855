/* skim.h: the events of the log from one number to another, quickly.
 *
 * For reports: of a million commands there are three million events, of which a report wants to know that
 * they are there, and the few thousand that are about agents, credentials, people, policies, kills and the
 * log itself.  What the commands did is read from their rows (store_who).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_SKIM_H
#define WHOSH_STORE_SKIM_H

#include "approver/store/store.h"

/* One event: its number, kind, time (ms) and body, borrowed for the call; the body of a command's request,
 * decision or outcome is left out ("").  Return false to stop. */
typedef bool store_skim_fn(int64_t n, enum event_kind kind, int64_t ms, const char *body, size_t len,
			   void *arg);

/* Hand out the events with from <= n < to, in order.  0, or -1 after logging why. */
int store_skim(struct store_reader *reader, int64_t from, int64_t to, store_skim_fn *fn, void *arg);

#endif
