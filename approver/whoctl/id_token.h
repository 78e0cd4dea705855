/* id_token.h: the identity token that a CI system signs for its job.
 *
 * It is a secret while it lasts: it is never printed, and stands in no argument list.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_ID_TOKEN_H
#define WHOSH_WHOCTL_ID_TOKEN_H

#include "approver/whoctl/whoctl.h"

enum { ID_TOKEN_MAX = 12 * 1024 };

/* From --id-token, else WHOSH_ID_TOKEN, else from GitHub's runner.  0, or an exit status after saying why
 * there is none.  buf_wipe it either way. */
int id_token_find(struct ctl *ctl, struct buf *token);
/* id_token_github.c: ask the runner at `url` for one; as id_token_find. */
int id_token_github(struct ctl *ctl, const char *url, const char *request_token, struct buf *token);

#endif
