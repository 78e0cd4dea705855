/* human.h: times, spans, sizes and JSON as people and their terminals take them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_HUMAN_H
#define WHOSH_WHOCTL_HUMAN_H

#include "common/json.h"
#include "common/text.h"
#include <stdint.h>

/* "2026-11-23 03:47:12", local time. */
void time_add(struct buf *out, int64_t ms);
/* "812 B", "12.3 GiB". */
void size_add(struct buf *out, int64_t bytes);

/* A point in time in an answer: RFC 3339, or a number of seconds or milliseconds since 1970.  false when the
 * member is absent, null or 0. */
bool json_time(const cJSON *object, const char *name, int64_t *ms);
/* The same for a table: local time, or `otherwise`. */
void json_time_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise);

/* Append a member's string visibly; `otherwise` (as it is) when it is absent. */
void json_visible_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise);
/* Append what an agent says of itself, as word_or_quoted_add of quote.h does; `otherwise` (as it is) when it
 * is absent. */
void json_claim_add(struct buf *out, const cJSON *object, const char *name, const char *otherwise);
/* Append an array of strings as people list them: "alice, bob and carol", visibly. */
void json_names_add(struct buf *out, const cJSON *names);
/* The number of bytes in a record's line and the bytes: from "line", else from "line_b64" (decoded into
 * `room`). */
const char *record_line(const cJSON *record, struct buf *room, size_t *len);

/* Append JSON for programs: an array one element a line, whatever could act on a terminal as \u escapes. */
void json_print(struct buf *out, const cJSON *value);
/* Print it to standard output; the exit status. */
int json_output(const cJSON *value);

#endif
