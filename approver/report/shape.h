/* shape.h: what kind of command a line is: the programs it runs, the shape of their arguments, and whether it
 * says something that destroys.
 *
 * A shape is a program, its subcommand when it is one that has them (git, kubectl …), and its options without
 * their values: `git push --force`, `psql -c`.  A grave phrase is one of a short list: DROP TABLE, rm -rf ….
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_SHAPE_H
#define WHOSH_REPORT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum { SHAPE_SIZE = 160, PHRASES = 20 };

/* Call fn(program, shape, arg) for each simple command of the line whose program is known before it runs; the
 * strings are lent.  Wrappers such as `timeout 5` and `sudo` are looked through.  false when out of memory.
 */
bool shapes_each(const char *line, size_t len, void (*fn)(const char *program, const char *shape, void *arg),
		 void *arg);

/* The name of a grave phrase by its number, NULL beyond the last; and whether a line says it: words in any
 * case, any blanks between them. */
const char *phrase_name(size_t number);
bool phrase_in(size_t number, const char *line, size_t len);

#endif
