/* html.h: pages that stand alone: one file, no script, nothing fetched, for light and dark and for paper.
 *
 * Everything that is not ours goes through html_text or html_attribute: the five characters that mean
 * something to HTML become references, and every character that could act or hide (text.h) is written out and
 * marked, so that no line of an agent can change the page, leave its place or read differently from what it
 * is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_HTML_H
#define WHOSH_WHOCTL_HTML_H

#include "common/json.h"
#include <stdint.h>

/* The page up to where its content begins; `title` is escaped here.  And its end. */
void html_begin(struct buf *out, const char *title);
void html_end(struct buf *out);

/* Append bytes as content; with `lines`, newlines and tabs stay what they are (in <pre>). */
void html_bytes(struct buf *out, const char *text, size_t len, bool lines);
void html_text(struct buf *out, const char *text);
/* Append a record's line, at most `most` bytes of it; how many were left out. */
size_t html_line(struct buf *out, const cJSON *record, size_t most, bool lines);
/* Append text for inside a quoted attribute. */
void html_attribute(struct buf *out, const char *text);
/* Append a member's string as content; `otherwise` (as it is) when it is absent. */
void html_member(struct buf *out, const cJSON *object, const char *name, const char *otherwise);
/* Append <time>: local time with its zone, and UTC beside it; nothing for a member that is absent. */
void html_time(struct buf *out, int64_t ms);
void html_member_time(struct buf *out, const cJSON *object, const char *name);

/* html_style.c: the style sheet. */
extern const char html_style[];

#endif
