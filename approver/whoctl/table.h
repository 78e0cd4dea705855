/* table.h: columns for people.
 *
 * Cells are shown visibly (text.h), so that nothing an agent sent can act on the terminal or leave its
 * column. On a terminal too narrow for the table, the widest cells are cut, with an ellipsis; into a pipe
 * everything is written whole.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_TABLE_H
#define WHOSH_WHOCTL_TABLE_H

#include "approver/whoctl/whoctl.h"

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_BOLD, COLOUR_DIM };

/* Append what switches a terminal to the colour (COLOUR_NONE: back); nothing when the style has none. */
void colour_add(struct buf *out, const struct style *style, enum colour colour);
/* Append text that is already visible, in a colour. */
void coloured_add(struct buf *out, const struct style *style, enum colour colour, const char *visible);

struct table;

/* Columns by their titles, ended by NULL; NULL when out of memory. */
struct table *table_new(const char *const *titles);
void table_free(struct table *table);
/* The next cell, row after row; NULL is an empty one.  A table that ran out of memory says so in table_add.
 */
void table_cell(struct table *table, const char *text);
void table_cell_coloured(struct table *table, enum colour colour, const char *text);
/* Append the whole table, or nothing but the `none` line when it has no rows. */
void table_add(struct buf *out, const struct table *table, const struct style *style, const char *none);

/* Append at most `columns` of a visible string, its last one an ellipsis where it was cut. */
void clipped_add(struct buf *out, const char *visible, size_t len, size_t columns);

#endif
