/* children.c: how many children there are, as /proc lists them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/children.h"
#include "common/io.h"

enum { LONGEST_LIST = 1 << 20 };

size_t children_count(void)
{
	struct buf list BUF_AUTO = BUF_INIT;
	size_t count = 0;
	if (read_file("/proc/thread-self/children", LONGEST_LIST, &list))
		return 0;
	for (size_t i = 0; i < list.len; i++)
		count += list.data[i] == ' ';
	return count;
}
