/* alerts.h: keys and sessions that were seen in two hands, as whoctl tells of them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_ALERTS_H
#define WHOSH_WHOCTL_ALERTS_H

#include "approver/whoctl/api.h"

/* The approver's answer about the last 24 hours.  0 or an exit status. */
int alerts_get(struct ctl *ctl, cJSON **alerts);
/* Append the lines of `whoctl status`: how many in 24 hours, and the last of them. */
void alerts_status_add(struct buf *out, const cJSON *alerts, const struct style *style);
/* Append one: "ALERT: the key … of agent … was used as agent …". */
void alert_add(struct buf *out, const cJSON *alert, const struct style *style);

#endif
