/* route_log.c: the audit log as static files (https://c2sp.org/tlog-tiles), for whoever verifies it.
 *
 *     GET /checkpoint                  the signed tree head, now
 *     GET /tile/L/N[.p/W]              hashes: for anybody, they say nothing
 *     GET /tile/entries/N[.p/W]        entries, and
 *     GET /blob/HH/SHA256              what is too long for one: signed bytes, which may hold secrets, so for
 *                                      those who may see them (reviewers and admins)
 *
 * A tile never changes, so it may be kept for good; a partial one is asked for again as the full one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/routes.h"
#include "approver/log/log.h"
#include <stdio.h>
#include <string.h>

static const char bytes_type[] = "application/octet-stream";

/* What log.h's reading functions said of it. */
static bool answer_file(struct request *r, int found, const char *type, const char *cache)
{
	if (found < 0)
		return answer_unavailable(r);
	if (found != 1)
		return answer_problem(r, PROBLEM_NOT_FOUND,
				      found == LOG_ARCHIVED ? "it was archived" : "the log has no such file");
	r->cache = cache;
	return answer_out(r, 200, type);
}

bool route_log_checkpoint(struct request *r)
{
	return answer_file(r, log_checkpoint(r->server->log, &r->out) ? -1 : 1, "text/plain; charset=utf-8",
			   "no-cache");
}

static bool answer_tile(struct request *r, const char *under, const char *whole_cache)
{
	char path[TILE_PATH + sizeof r->param];
	snprintf(path, sizeof path, "%s%s", under, r->param);
	bool partial = strstr(r->param, ".p/") != NULL;
	int found = log_file(r->server->log, path, &r->out);
	return answer_file(r, found, bytes_type, partial ? "private, max-age=60" : whole_cache);
}

bool route_log_tile(struct request *r)
{
	return answer_tile(r, "tile/", "public, max-age=31536000, immutable");
}

bool route_log_entries(struct request *r)
{
	return answer_tile(r, "tile/entries/", "private, max-age=31536000, immutable");
}

bool route_log_blob(struct request *r)
{
	const char *hex = strlen(r->param) == 67 && r->param[2] == '/' ? r->param + 3 : "";
	bool named = strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64 && !memcmp(r->param, hex, 2);
	int found = named ? log_blob_read(r->server->log, hex, &r->out) : 0;
	return answer_file(r, found, bytes_type, "private, max-age=31536000, immutable");
}
