/* json.h: strict JSON from outside, over cJSON.
 *
 * cJSON alone accepts duplicate keys, NULs, invalid UTF-8 and text after the document; two readers could then
 * disagree on what was signed.  json_parse checks the bytes first (RFC 8259, I-JSON RFC 7493: UTF-8, no
 * duplicate names after unescaping, no \u0000, no lone surrogates, bounded depth, nothing after the value),
 * then lets cJSON build the tree.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_JSON_H
#define WHOSH_JSON_H

#include "common/buf.h"
#include <cjson/cJSON.h>

#define JSON_MAX_DEPTH 16

/* Parse exactly `len` bytes.  NULL when they are not strict JSON; *why (may be NULL) is then a static phrase.
 * Free with cJSON_Delete. */
cJSON *json_parse(const char *text, size_t len, const char **why);

void json_free(cJSON **object);
#define JSON_AUTO __attribute__((cleanup(json_free)))

/* Member of an object, or NULL if absent or of another type.  Borrowed. */
const char *json_string(const cJSON *object, const char *name);
const cJSON *json_object(const cJSON *object, const char *name);
const cJSON *json_array(const cJSON *object, const char *name);
bool json_true(const cJSON *object, const char *name);
/* An integer (|n| <= 2^53 - 1); false if absent, not a number or not whole. */
bool json_integer(const cJSON *object, const char *name, int64_t *value);
/* Does `object` have only members named in the NULL-terminated list?  The first other one is put in *name. */
bool json_only(const cJSON *object, const char *const *names, const char **name);

/* Is it an object with only these members, and "version" 1?  false with a sentence in *error. */
bool json_configuration(const cJSON *json, const char *const *members, char **error);

/* Append `len` bytes as a JSON string with its quotes.  They must be valid UTF-8. */
void json_add_string(struct buf *out, const char *text, size_t len);

#endif
