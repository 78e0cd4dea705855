/* newtoken.h: a token file, made of a key pair and of what the approver says of its credential.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_NEWTOKEN_H
#define WHOSH_WHOCTL_NEWTOKEN_H

#include "approver/whoctl/whoctl.h"
#include "common/json.h"
#include "common/jws.h"

/* Is --agent-version one that a token file can have?  0, or 2 after saying what it is. */
int newtoken_version_good(const struct ctl *ctl);
/* Put the file together from the approver's row, which must be of this key and, unless `agent` is NULL, of
 * that agent.  0, or an exit status after saying why not.  Secret: buf_wipe `out`. */
int newtoken_format(const cJSON *row, const char *agent, const char *agent_version, struct signing_key *key,
		    struct buf *out);
/* Say that it is there, as people or programs want it; the exit status. */
int newtoken_told(struct ctl *ctl, const cJSON *row);

#endif
