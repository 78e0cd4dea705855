/* page.c: the commands that a filter finds, page after page; see job.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/job.h"
#include <stdio.h>
#include <string.h>

struct page {
	char *before;
	int n;
	bool stopped;
	store_command_fn *fn;
	void *arg;
};

static bool take(const struct command_row *row, void *arg)
{
	struct page *page = arg;
	page->n++;
	snprintf(page->before, ID_SIZE, "%s", row->id);
	page->stopped = !page->fn(row, page->arg);
	return !page->stopped;
}

int report_page(struct store_reader *reader, struct who_filter *filter, char before[ID_SIZE], int count,
		store_command_fn *fn, void *arg)
{
	struct page page = {.before = before, .fn = fn, .arg = arg};
	char from[ID_SIZE];
	snprintf(from, sizeof from, "%s", before);
	filter->before = *from ? from : NULL;
	filter->limit = count;
	int failed = store_who(reader, filter, take, &page);
	filter->before = NULL;
	if (failed)
		return -1;
	return page.n == count && !page.stopped;
}
