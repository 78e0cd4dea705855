/* story.h: what the parts of show's page share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_STORY_H
#define WHOSH_WHOCTL_STORY_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

/* "label      text", the text visibly, on one line; nothing when there is none. */
void fact_add(struct buf *out, const char *label, const char *text);
/* A time between two events, by its size: "40 ms", "4.2 s", "9 m 12 s". */
void delay_add(struct buf *out, int64_t ms);
/* Append who reviewed it, what they said, and after how long: one fact each; while it waits, for how many. */
void reviews_add(struct buf *out, const cJSON *record);
/* Append the commands of its session just before and after it, itself between them. */
void neighbours_add(struct buf *out, const cJSON *record, const struct style *style);

#endif
