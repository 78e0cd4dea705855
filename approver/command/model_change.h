/* model_change.h: a session's model changed: what the log, the command's record and the stream of events say.
 *
 * The model is what the harness claims, and so is the change; it is told wherever the model is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_MODEL_CHANGE_H
#define WHOSH_COMMAND_MODEL_CHANGE_H

#include "approver/store/store.h"
#include "common/buf.h"

/* Append the body of the event: {"session","command","agent","from","to"}. */
void model_change_body(struct buf *out, const struct command_row *row, const char *before);
/* Put "model_before" into the detail of the first command with the new model.  Done again (a group that is
 * written a second time) it changes nothing.  false when out of memory. */
bool model_change_detail(struct buf *detail, const char *before);
/* Append what people who watch are told of the event that was logged at `ms`: the body's members, "ts" and
 * "grade".  false when the body is none. */
bool model_change_tell(struct buf *out, const char *body, size_t len, int64_t ms);

#endif
