/* live_absent.h: commands that a poll names and that do not wait, or are not live at all.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_LIVE_ABSENT_H
#define WHOSH_COMMAND_LIVE_ABSENT_H

#include "approver/kill/kill_notes.h"
#include "approver/command/live.h"
#include "approver/http/request.h"

/* After live_look.  Of those named as pending: append the permit of one that is decided to *permits, the ID
 * of one that is not known to *gone, until *permits has `full` bytes.  Of those named as left: take up again
 * what the store knows as exited.  Of those named as killed: note that an order was acknowledged whose
 * command has ended already.  -1: the store could not be read. */
int live_absent(struct request *request, struct live_ref *refs, size_t n, struct buf *permits,
		struct buf *gone, size_t full, struct kill_notes *notes);

#endif
