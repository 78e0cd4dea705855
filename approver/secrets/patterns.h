/* patterns.h: secrets that are known by how they look: a prefix that nothing else has, then so many
 * characters of a class.
 *
 * The built-in ones are a table in patterns.c; an operator adds more in DIR/secrets.json:
 *
 *     {"version":1,"patterns":[{"name":"acme","prefix":"acme_","chars":"A-Za-z0-9_-","min":20,"max":64}]}
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_PATTERNS_H
#define WHOSH_SECRETS_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

struct own_patterns;

/* Read secrets.json.  NULL with a malloc'd sentence in *error when it is not exactly what it should be. */
struct own_patterns *own_patterns_parse(const char *json, size_t len, char **error);
void own_patterns_free(struct own_patterns *own);
size_t own_patterns_count(const struct own_patterns *own); /* 0 for NULL */
size_t patterns_built_in(void);

/* Where the token that begins at `at` ends; 0: none does. */
size_t pattern_end(const struct own_patterns *own, const char *text, size_t len, size_t at);

#endif
