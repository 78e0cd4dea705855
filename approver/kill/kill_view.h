/* kill_view.h: a kill as people's programs see it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KILL_KILL_VIEW_H
#define WHOSH_KILL_KILL_VIEW_H

#include "approver/http/request.h"
#include "approver/store/kills.h"

/* Append a kill's members, the object left open: `{"id":…`. */
void kill_open(struct buf *out, const struct kill_row *row, int64_t now);
/* Answer with the kill whose ID is request->param, and its targets: 200, or 201 for a new one. */
request_fn answer_kill, answer_new_kill;

#endif
