/* export_json.h: a small writer of JSON: members in the order they are given, and none for what is absent.
 *
 * A name of NULL is an element of an array.  Texts that are not UTF-8 are written visibly (text.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_JSON_H
#define WHOSH_EXPORT_EXPORT_JSON_H

#include "common/buf.h"
#include <cjson/cJSON.h>

/* Open an object or array ('{' or '['), as a member unless name is NULL; and close it. */
void put_open(struct buf *out, const char *name, char bracket);
void put_close(struct buf *out, char bracket);
/* Close it again, or take it back whole when nothing was put in since the buffer was `from` long. */
void put_close_unless_empty(struct buf *out, char bracket, size_t from);
void put_text(struct buf *out, const char *name, const char *value); /* NULL: nothing is written */
void put_bytes(struct buf *out, const char *name, const char *bytes, size_t len);
void put_int(struct buf *out, const char *name, int64_t value);
void put_bool(struct buf *out, const char *name, bool value);
void put_time(struct buf *out, const char *name, int64_t ms);         /* RFC 3339; 0: nothing */
void put_json(struct buf *out, const char *name, const cJSON *value); /* NULL: nothing */
void put_raw(struct buf *out, const char *name, const char *json);    /* JSON text; NULL or "": nothing */

#endif
