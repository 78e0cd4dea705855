/* check_chain.h: what whosh --check says of a principal chain: as read, and verified by nobody here.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_CHECK_CHAIN_H
#define BROKER_CHECK_CHAIN_H

#include "common/buf.h"

/* Append who is in the chain and until when it is good.  "ok", or "warn" when `agent` cannot use it at `now`
 * (seconds since 1970): it is not a chain, ends at another agent, or has expired. */
const char *check_chain(struct buf *out, const char *chain, const char *agent, int64_t now);

#endif
