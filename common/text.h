/* text.h: what bytes from outside may look like: UTF-8, names, and a visible form of everything else.
 *
 * Whatever an agent sent is shown to people through visible_add: control, escape, bidirectional and
 * zero-width characters appear as \x1b, \u202e and so on, and can neither act on a terminal nor hide.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TEXT_H
#define WHOSH_TEXT_H

#include "common/buf.h"

/* Is it well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF)? */
bool utf8_valid(const char *text, size_t len);
/* Decode one character; its length in bytes, or 0 when malformed.  *code_point is set when not 0. */
size_t utf8_next(const char *text, size_t len, uint32_t *code_point);
/* How many terminal columns a visible string takes (after visible_add; East Asian wide counts 2). */
size_t text_columns(const char *text, size_t len);

/* Append `text` with every character that could act or hide written as an escape; newline and tab become
 * \n and \t.  A backslash itself stays one.  Invalid UTF-8 bytes become \xHH. */
void visible_add(struct buf *out, const char *text, size_t len);
/* The same, newlines kept: for showing a whole script. */
void visible_add_lines(struct buf *out, const char *text, size_t len);

/* Append how long: "45 s", "9 m 12 s", "3 h 5 m", "12 d 4 h"; what is below zero is "0 s". */
void span_add(struct buf *out, int64_t seconds);

/* An agent ID, operator name or the like: 1 to 64 of A-Z a-z 0-9 . _ - @, beginning with a letter or digit.
 */
bool name_valid(const char *name);
/* A UUID in lower-case 8-4-4-4-12 form (RFC 9562). */
bool uuid_valid(const char *id);
/* Shell-style glob with * ? [set], by characters where it is UTF-8; * also matches '/'.  No escapes. */
bool glob_match(const char *pattern, const char *text);

#endif
