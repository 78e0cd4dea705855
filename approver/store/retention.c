/* retention.c: the written policy.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/retention.h"
#include "common/error.h"
#include "common/io.h"
#include "common/json.h"
#include "common/jws.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 16384, MAX_DIGITS = 6 };

/* "400d", "12h", "30m", "90s". */
static bool parse_keep(const char *text, int64_t *ms)
{
	static const char units[] = "smhd";
	static const int64_t lengths[] = {1000, 60000, 3600000, 86400000};
	size_t digits = text ? strspn(text, "0123456789") : 0;
	const char *unit =
	    digits && digits <= MAX_DIGITS && text[digits] ? strchr(units, text[digits]) : NULL;
	if (!unit || text[digits + 1])
		return false;
	*ms = strtoll(text, NULL, 10) * lengths[unit - units];
	return true;
}

static const char *parse(struct retention *retention, const cJSON *tree)
{
	static const char *const top[] = {"version", "entries", NULL}, *const inner[] = {"keep", "archive",
											 NULL};
	const cJSON *entries = json_object(tree, "entries");
	const char *other = NULL, *archive = json_string(entries, "archive");
	int64_t version;
	if (!cJSON_IsObject(tree) || !json_integer(tree, "version", &version) || version != 1 || !entries)
		return "it is not {\"version\":1,\"entries\":{…}}";
	if (!json_only(tree, top, &other) || !json_only(entries, inner, &other))
		return "it has a member that is not known";
	if (!parse_keep(json_string(entries, "keep"), &retention->keep_ms))
		return "keep is not a time like \"400d\"";
	if (!archive && cJSON_GetObjectItemCaseSensitive(entries, "archive"))
		return "archive is not a folder";
	if (archive && (*archive != '/' || strlen(archive) >= sizeof retention->archive - 200))
		return "archive is not an absolute path";
	if (archive)
		strcpy(retention->archive, archive);
	retention->given = true;
	return NULL;
}

bool retention_load(struct retention *retention, const char *folder, char **error)
{
	char path[4200];
	struct buf text BUF_AUTO = BUF_INIT;
	*retention = (struct retention){0};
	snprintf(path, sizeof path, "%s/retention.json", folder);
	if (read_file(path, MAX_FILE, &text))
		return errno == ENOENT || error_set(error, "%s: %s", path, strerror(errno));
	cJSON *tree = json_parse(text.data ? text.data : "", text.len, NULL);
	const char *why = tree ? parse(retention, tree) : "it is not JSON";
	cJSON_Delete(tree);
	if (why)
		return error_set(error, "%s: %s", path, why);
	s256(text.data, text.len, retention->s256);
	return true;
}
