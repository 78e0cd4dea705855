/* incident.h: the post-mortem page: what ran around a moment, and what of it was unusual, told to people.
 *
 * `incident` is what GET /v1/reports/incident answers (whosh-protocol(7)).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_INCIDENT_H
#define WHOSH_WHOCTL_INCIDENT_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

/* incident_text.c: for a terminal; and incident_html.c: the page. */
void incident_text_add(struct buf *out, const cJSON *incident, const struct style *style);
void incident_html_add(struct buf *out, const cJSON *incident);

/* incident_card.c: one command of the page, number `n` of it. */
void incident_card_add(struct buf *out, const cJSON *record, int n);

/* incident_say.c */
/* What both begin with, in plain text: "Incident at 2026-11-24 03:47:00 CET (02:47:00 UTC)"; how many
 * commands of how many agents there are and how many stand out. */
void incident_title_add(struct buf *out, const cJSON *incident);
void incident_window_add(struct buf *out, const cJSON *incident);
void incident_summary_add(struct buf *out, const cJSON *incident);
/* "412 commands from … to …; works 08:00 to 19:00; programs: git (120), make (80); …", visibly; how an
 * agent's habits are known. */
void incident_usual_add(struct buf *out, const cJSON *agent, int64_t least);
/* "approved by rule read-only", "denied by bob after 4 m 12 s": why it could run or could not, visibly. */
void why_add(struct buf *out, const cJSON *record);
/* "exit 0 after 3 s", "exit unknown: host lost". */
void ended_add(struct buf *out, const cJSON *record);
/* Is anything about the command unusual?  And anything that was not said of an earlier command already? */
bool is_unusual(const cJSON *record);
bool has_news(const cJSON *record);
/* Has any of the agents enough earlier commands to say what is usual? */
bool is_comparable(const cJSON *incident);

#endif
