/* record.h: one command's record (design: "Commands people type") told to people.
 *
 * The sentence is for reading out:
 *
 *     db-migration-agent 2.3 (model anthropic/claude-x@1, claimed) for alice, task "Drop old sessions"
 * (claimed), denied by rule no-ddl: psql -c 'DROP TABLE sessions'
 *
 * Whatever the record's `attributes` do not grade "proven" or "attested" is called claimed where it stands:
 * a claim is never told as if it were proven.  Everything an agent sent is shown visibly, and its line comes
 * last, so that no line can pass for a part of the sentence.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_RECORD_H
#define WHOSH_WHOCTL_RECORD_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"

/* Append who it was, for whom, on what task: the sentence up to the verdict. */
void who_add(struct buf *out, const cJSON *record, const struct style *style);
/* Append the verdict, by whom or what, and how it ended: "denied by rule no-ddl". */
void verdict_add(struct buf *out, const cJSON *record, const struct style *style);
/* Append the line, visibly, on one line, at most `columns` wide (0: whole). */
void line_add(struct buf *out, const cJSON *record, size_t columns);
/* Append the line as it is, each of its lines after `margin`. */
void lines_add(struct buf *out, const cJSON *record, const char *margin);
/* The same for any text. */
void text_lines_add(struct buf *out, const char *bytes, size_t len, const char *margin);
/* Append the whole sentence, without the time and without a newline. */
void sentence_add(struct buf *out, const cJSON *record, const struct style *style, size_t columns);
/* Append who's two lines for a record: time and sentence; then ID, place, session and reason. */
void who_entry_add(struct buf *out, const cJSON *record, const struct style *style);
/* Append pending's entry for a review: what waits, who sent it, the rule that asks, the time left at
 * `now_ms`. */
void pending_entry_add(struct buf *out, const cJSON *review, const struct style *style, int64_t now_ms);
/* Append show's page: every attribute with its grade, the lineage, the decision and who made it after how
 * long, the outcome, the session around it, the events. */
void story_add(struct buf *out, const cJSON *record, const struct style *style);

/* How well an attribute is founded: "proven", "attested", "claimed"; what a record does not grade is claimed.
 */
const char *grade_of(const cJSON *record, const char *attribute);
/* A copy of the record whose members are those that --json promises, in their order, absent ones null, and
 * after them all others that the approver gave.  NULL when out of memory. */
cJSON *record_json(const cJSON *record);
/* The same for a list, in the same order or reversed; NULL when out of memory. */
cJSON *records_json(const cJSON *records, bool reversed);

#endif
