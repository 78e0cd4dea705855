/* credential.h: a credential in a list.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_CREDENTIAL_H
#define WHOSH_WHOCTL_CREDENTIAL_H

#include "approver/whoctl/table.h"
#include "common/json.h"

enum credential_state {
	CREDENTIAL_GOOD,
	CREDENTIAL_EXPIRING,
	CREDENTIAL_EXPIRED,
	CREDENTIAL_REVOKED,
	CREDENTIAL_DISABLED, /* with its agent */
	CREDENTIAL_REPLACED, /* by a rotation, and good until its window ends */
	CREDENTIAL_ENDED     /* and that has */
};
#define EXPIRING_S (14 * 86400) /* so long before its end a credential is worth a word */

/* What state a credential is in at `now_ms`. */
enum credential_state credential_state(const cJSON *credential, int64_t now_ms);
/* Append the lines of `whoctl status`: how many are in use, and what to type for those that soon are not, or
 * are no longer. */
void credentials_status_add(struct buf *out, const cJSON *credentials, const struct style *style);
/* Append a table of the credentials of one agent, or of all when `agent` is NULL. */
void credentials_add(struct buf *out, const cJSON *credentials, const char *agent, const struct style *style);

#endif
