/* feed_at.c: see feed_at.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feed_at.h"
#include "common/io.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void path_of(char path[4096], const char *dir, const char *name)
{
	snprintf(path, 4096, "%s/feeds/%s.at", dir, name);
}

static int complain(const char *what, const char *path, const char *why)
{
	log_line(LOG_LEVEL_ERROR, what, "file", path, "error", why, NULL);
	return -1;
}

int feed_at_load(const char *dir, const char *name, int64_t *at)
{
	static const char cannot[] = "a feed's place cannot be read";
	char path[4096], *end;
	struct buf text BUF_AUTO = BUF_INIT;
	path_of(path, dir, name);
	if (read_file(path, 32, &text))
		return errno == ENOENT ? 0 : complain(cannot, path, strerror(errno));
	errno = 0;
	long long number = text.len ? strtoll(text.data, &end, 10) : 0;
	if (!text.len || errno || end == text.data || strcmp(end, "\n") != 0 || number < -1 ||
	    strspn(text.data, "-0123456789\n") != text.len)
		return complain(cannot, path, "it is not a number and a newline");
	*at = number;
	return 1;
}

int feed_at_save(const char *dir, const char *name, int64_t at)
{
	char path[4096], text[32];
	snprintf(path, sizeof path, "%s/feeds", dir);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;
	path_of(path, dir, name);
	int n = snprintf(text, sizeof text, "%" PRId64 "\n", at);
	return write_file_durable(path, text, (size_t)n, 0600);
}
