/* find.c: the command that a person means by a few characters of its ID; see find.h.
 *
 * A UUIDv7 begins with its time, so commands of one minute share their first eight characters, and its end is
 * random: the end is what people will type.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/find.h"
#include "common/text.h"
#include "common/uuid.h"
#include <string.h>

bool id_abbreviated(const char *id, const char *typed)
{
	size_t len = strlen(typed), whole = strlen(id);
	return len <= whole && (strncmp(id, typed, len) == 0 || strcmp(id + whole - len, typed) == 0);
}

/* Look through one list; counts distinct matches in *found. */
static int look(struct ctl *ctl, const char *path, const char *name, const char *typed, char *id, int *found)
{
	cJSON *list JSON_AUTO = NULL;
	int status = api_list(ctl, path, name, &list);
	const cJSON *item;
	cJSON_ArrayForEach(item, list)
	{
		const char *candidate = json_string(item, "id");
		if (!candidate || !uuid_valid(candidate) || !id_abbreviated(candidate, typed))
			continue;
		if (*found == 0 || strcmp(id, candidate) != 0)
			++*found;
		memcpy(id, candidate, UUID_LEN + 1);
	}
	return status;
}

int find_command(struct ctl *ctl, const char *typed, bool all, char *id)
{
	size_t len = strlen(typed);
	if (uuid_valid(typed)) {
		memcpy(id, typed, UUID_LEN + 1);
		return 0;
	}
	if (len < ID_SHORTEST || len >= UUID_LEN || strspn(typed, "0123456789abcdef-") != len)
		return complain(EXIT_USAGE_ERROR, "\"%s\" is no command ID, nor %d characters or more of one",
				typed, ID_SHORTEST);
	int found = 0;
	int status = look(ctl, "/v1/reviews", "reviews", typed, id, &found);
	if (status == 0 && all)
		status = look(ctl, "/v1/audit?limit=1000", "commands", typed, id, &found);
	if (status != 0)
		return status;
	if (found == 0)
		return complain(EXIT_FAILED, "no %s has an ID that begins or ends with %s",
				all ? "recent command" : "pending command", typed);
	if (found > 1)
		return complain(EXIT_FAILED, "%s is not enough: more than one command begins or ends with it",
				typed);
	return 0;
}
