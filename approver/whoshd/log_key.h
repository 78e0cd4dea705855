/* log_key.h: the key that signs the log's checkpoints, DIR/log.key.
 *
 * It is not the one that signs permits: who may vouch for what happened need not be able to let it happen.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_LOG_KEY_H
#define WHOSH_WHOSHD_LOG_KEY_H

#include "approver/log/note.h"

/* Read DIR/log.key, or make it with DIR/log.vkey, which is what verifiers are given.  NULL with a malloc'd
 * sentence in *error. */
struct note_signer *log_key_load(const char *dir, const char *name, char **error);
void log_key_free(struct note_signer *signer);

#endif
