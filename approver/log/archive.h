/* archive.h: old entries leave the log; the tree stays.
 *
 * Only whole bundles go, from the beginning on.  Hash tiles and checkpoints stay where they are, so the tree
 * verifies and proofs are made as before; what is read of a bundle that is gone is LOG_ARCHIVED.  All but
 * log_use_archive are for the writer's thread.  0, or -1 with errno, unless said otherwise.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_ARCHIVE_H
#define WHOSH_LOG_ARCHIVE_H

#include "approver/log/log.h"

/* How many bundles are gone; they are the first ones. */
int64_t log_archived(struct log *log);
/* All that was appended goes to disk in its own place, so that no journal would bring a bundle back. */
int log_settle(struct log *log);
/* Copy a full bundle, or a blob, into FOLDER under the same name, durably; before, it is compared with the
 * tree's hashes, and after, read again.  EIO: it does not agree. */
int log_archive_bundle(struct log *log, int64_t n, const char *folder);
int log_archive_blob(struct log *log, const char *hex, const char *folder);
/* Remove it. */
int log_remove_bundle(struct log *log, int64_t n);
int log_remove_blob(struct log *log, const char *hex);
/* Before anything else is read: log_each and log_blob_read look in FOLDER for what is gone. */
void log_use_archive(struct log *log, const char *folder);

#endif
