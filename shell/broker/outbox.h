/* outbox.h: outcomes on their way to the approver.
 *
 * An outcome handed in is delivered, or kept on disk until it can be; only a full disk leaves it in memory
 * alone.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_OUTBOX_H
#define BROKER_OUTBOX_H

#include "shell/broker/broker.h"
#include "common/uuid.h"

/* `folder` (copied) is the spool; NULL when there is none, and `why` then says why. */
struct outbox *outbox_new(struct broker *broker, const char *folder, const char *why);
void outbox_free(struct outbox *outbox);

/* Called once when an outcome is delivered or on disk (or can be made no safer). */
typedef void outbox_safe(void *arg);

struct delivery;
/* Take an outcome JWS (the buffer is emptied) with its ID and its command's.  Without `safe` nobody waits for
 * it.  NULL: it is as safe as it can be already, and `safe` is not called. */
struct delivery *outbox_put(struct outbox *outbox, const char *id, const char *command_id, struct buf *jws,
			    outbox_safe *safe, void *arg);
/* Post what is held. */
void outbox_go(struct outbox *outbox);
/* Whoever waited for it is gone: do not call `safe`. */
void delivery_unhook(struct delivery *delivery);

/* Take up what an earlier broker left in the spool. */
void outbox_load(struct outbox *outbox);
/* Is there anything that would be lost, or is being tried right now?  (What waits on disk for a better time
 * is not.) */
bool outbox_busy(const struct outbox *outbox);
/* Put all that is not delivered on disk now. */
void outbox_save(struct outbox *outbox);

#endif
