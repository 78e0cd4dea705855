/* report.h: a report for an auditor, told to people and to spreadsheets.
 *
 * `report` is what GET /v1/reports/STANDARD answers (whosh-protocol(7)).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_REPORT_H
#define WHOSH_WHOCTL_REPORT_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

void report_text_add(struct buf *out, const cJSON *report, const struct style *style); /* report_text.c */
void report_html_add(struct buf *out, const cJSON *report);                            /* report_html.c */
void report_csv_add(struct buf *out, const cJSON *report);                             /* report_csv.c */

/* report_say.c: what stands in every report, whatever its form. */
extern const char report_caution[];
/* "2026-11-01 00:00:00 UTC to 2026-12-01 00:00:00 UTC" */
void report_period_add(struct buf *out, const cJSON *report);
/* How the samples were drawn, so that it can be done again. */
void report_drawing_add(struct buf *out, const cJSON *report);
/* A fact by its name: its number, and what it is (NULL when there is none). */
int64_t report_fact(const cJSON *report, const char *name, const char **what);

#endif
