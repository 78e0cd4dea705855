/* state_lock.h: one process at a time writes a state directory.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_STATE_LOCK_H
#define WHOSH_WHOSHD_STATE_LOCK_H

#include "approver/log/note.h"
#include "approver/whoshd/serve_load.h"
#include <stdbool.h>

/* Take DIR/lock (flock(2)) for as long as this process lives; it is released by the process's end, however it
 * ends.  false with a malloc'd sentence in *error: somebody has it, or the directory cannot be written. */
bool state_lock(const char *dir, char **error);

/* For a verb that works on a stopped approver's directory: read its files, lock it, and load the log's key.
 * NULL with a malloc'd sentence in *error; the files are to be finished either way. */
struct note_signer *state_take(struct serve_files *files, const char *dir, char **error);

#endif
