/* spool.h: a folder of signed outcomes that could not be delivered yet, one file each.
 *
 * A file is named ID.jws after the outcome's own ID (UUIDv7), so that names sort by time, and holds exactly
 * the JWS: no key, nothing that is secret or that could be changed unnoticed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_SPOOL_H
#define BROKER_SPOOL_H

#include "common/buf.h"
#include "common/uuid.h"

/* Make the folder (and those above it) if it is missing, mode 0700.  0, or -1 with errno; a folder of
 * somebody else's, or one that others may write to, is EPERM. */
int spool_prepare(const char *folder);

/* Keep an outcome, durably.  0, or -1 with errno. */
int spool_write(const char *folder, const char *id, const struct buf *jws);
/* It was delivered. */
void spool_remove(const char *folder, const char *id);
/* It cannot be delivered: rename it so that it is kept for people and is in nobody's way. */
void spool_set_aside(const char *folder, const char *id, const char *suffix);

/* Look at every outcome kept, oldest first.  Files that do not hold one are set aside with a line in the log.
 * The callback gets the outcome's ID, the ID of the command it is about, and the JWS, which it may take. */
typedef void spool_fn(void *arg, const char *id, const char *command_id, struct buf *jws);
void spool_each(const char *folder, spool_fn *fn, void *arg);

#endif
