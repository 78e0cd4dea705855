/* table.c: columns for people; see table.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/table.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 12
#define GAP 2
#define NARROWEST 8 /* no column is cut below this */

struct cell {
	char *text; /* visible */
	size_t len, columns;
	enum colour colour;
};

struct table {
	const char *const *titles;
	size_t n_columns;
	struct cell *cells;
	size_t n_cells, room;
	bool failed;
};

void colour_add(struct buf *out, const struct style *style, enum colour colour)
{
	static const char *const codes[] = {"\033[0m",  "\033[31m", "\033[32m",
					    "\033[33m", "\033[1m",  "\033[2m"};
	if (style->colour)
		buf_adds(out, codes[colour]);
}

void coloured_add(struct buf *out, const struct style *style, enum colour colour, const char *visible)
{
	if (colour != COLOUR_NONE)
		colour_add(out, style, colour);
	buf_adds(out, visible);
	if (colour != COLOUR_NONE)
		colour_add(out, style, COLOUR_NONE);
}

struct table *table_new(const char *const *titles)
{
	struct table *table = calloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->titles = titles;
	while (titles[table->n_columns] && table->n_columns < COLUMNS_MAX)
		table->n_columns++;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

void table_cell(struct table *table, const char *text)
{
	table_cell_coloured(table, COLOUR_NONE, text);
}

void table_cell_coloured(struct table *table, enum colour colour, const char *text)
{
	if (!table || table->failed)
		return;
	if (table->n_cells == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		struct cell *more = reallocarray(table->cells, room, sizeof *more);
		if (!more) {
			table->failed = true;
			return;
		}
		table->cells = more;
		table->room = room;
	}
	struct buf visible = BUF_INIT;
	visible_add(&visible, text ? text : "", text ? strlen(text) : 0);
	struct cell *cell = &table->cells[table->n_cells];
	cell->len = visible.len;
	cell->columns = text_columns(visible.data ? visible.data : "", visible.len);
	cell->colour = colour;
	cell->text = buf_take(&visible);
	if (cell->text)
		table->n_cells++;
	else
		table->failed = true;
}

void clipped_add(struct buf *out, const char *visible, size_t len, size_t columns)
{
	if (text_columns(visible, len) <= columns) {
		buf_add(out, visible, len);
		return;
	}
	size_t used = 0, at = 0;
	while (at < len) {
		uint32_t code_point;
		size_t size = utf8_next(visible + at, len - at, &code_point);
		if (size == 0)
			break;
		size_t wide = text_columns(visible + at, size);
		if (used + wide + 1 > columns)
			break;
		used += wide;
		at += size;
	}
	buf_add(out, visible, at);
	if (columns > 0)
		buf_adds(out, "…");
}

/* Take from the widest column, one by one, until the table fits or nothing can be taken any more. */
static void narrow(size_t *widths, size_t n, size_t room)
{
	size_t total = (n - 1) * GAP;
	for (size_t i = 0; i < n; i++)
		total += widths[i];
	while (total > room) {
		size_t widest = 0;
		for (size_t i = 1; i < n; i++)
			if (widths[i] > widths[widest])
				widest = i;
		if (widths[widest] <= NARROWEST)
			return;
		widths[widest]--;
		total--;
	}
}

static void padded_add(struct buf *out, const struct style *style, enum colour colour, const char *text,
		       size_t len, size_t width, bool last)
{
	struct buf clipped BUF_AUTO = BUF_INIT;
	clipped_add(&clipped, text, len, width);
	size_t used = text_columns(clipped.data ? clipped.data : "", clipped.len);
	coloured_add(out, style, colour, clipped.data ? clipped.data : "");
	for (; !last && used < width + GAP; used++)
		buf_addc(out, ' ');
}

/* End a row: without the blanks that an empty last cell leaves behind. */
static void row_end(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	buf_addc(out, '\n');
}

void table_add(struct buf *out, const struct table *table, const struct style *style, const char *none)
{
	if (!table || table->failed) {
		out->failed = true;
		return;
	}
	if (table->n_cells == 0) {
		buf_addf(out, "%s\n", none);
		return;
	}
	size_t n = table->n_columns, widths[COLUMNS_MAX] = {0};
	for (size_t i = 0; i < n; i++)
		widths[i] = strlen(table->titles[i]);
	for (size_t i = 0; i < table->n_cells; i++)
		if (table->cells[i].columns > widths[i % n])
			widths[i % n] = table->cells[i].columns;
	if (style->width)
		narrow(widths, n, style->width);

	for (size_t i = 0; i < n; i++)
		padded_add(out, style, COLOUR_BOLD, table->titles[i], strlen(table->titles[i]), widths[i],
			   i + 1 == n);
	row_end(out);
	for (size_t i = 0; i < table->n_cells; i++) {
		const struct cell *cell = &table->cells[i];
		bool last = i % n + 1 == n;
		padded_add(out, style, cell->colour, cell->text, cell->len, widths[i % n], last);
		if (last)
			row_end(out);
	}
}
