/* problem.c: paths as URLs want them, and refusals as people want them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include <string.h>

static void percent_add(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     strchr("-._~", c);
		if (plain)
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

void path_add(struct buf *path, const char *segment)
{
	buf_addc(path, '/');
	/* A segment of dots alone would be taken out again by whoever normalises the path. */
	if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
		buf_adds(path, segment[1] ? "%2E%2E" : "%2E");
	else
		percent_add(path, segment);
}

void query_add(struct buf *path, const char *name, const char *value)
{
	if (!value)
		return;
	bool first = !path->data || !memchr(path->data, '?', path->len);
	buf_addf(path, "%c%s=", first ? '?' : '&', name);
	percent_add(path, value);
}

static const char *phrase(long status)
{
	switch (status) {
	case 400:
		return "it does not understand the request";
	case 401:
		return "it does not know this token";
	case 403:
		return "this operator may not do that";
	case 404:
		return "there is no such thing";
	case 409:
		return "it does not fit what is there already";
	case 413:
		return "too large";
	case 429:
		return "too many requests; try again later";
	case 503:
		return "it cannot take this now; try again later";
	}
	return status >= 500 ? "it failed" : "it answered in a way whoctl does not know";
}

int problem_line(struct buf *line, long status, const char *body, size_t len)
{
	cJSON *problem JSON_AUTO = len ? json_parse(body, len, NULL) : NULL;
	const char *detail = problem ? json_string(problem, "detail") : NULL;
	const char *title = problem ? json_string(problem, "title") : NULL;
	const char *why = detail && *detail ? detail : title && *title ? title : phrase(status);
	if (status == 401 || status == 403) {
		buf_addf(line, "not permitted: %s", why);
		return EXIT_IDENTITY;
	}
	if (status == 503 || status == 429) {
		buf_addf(line, "the approver is unavailable: %s", why);
		return EXIT_UNREACHABLE;
	}
	if (detail && *detail)
		buf_addf(line, "the approver refused: %s", detail);
	else
		buf_addf(line, "the approver refused (HTTP %ld): %s", status, why);
	return EXIT_FAILED;
}
