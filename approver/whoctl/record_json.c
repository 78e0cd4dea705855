/* record_json.c: a record for programs: the members that `who`, `show` and `pending` promise, in their order.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/record.h"
#include <string.h>

static const char *const members[] = {
    "id",     "ts",    "agent",  "agent_version", "credential", "session",   "seq",
    "parent", "human", "chain",  "model",         "task",       "user",      "host",
    "cwd",    "mode",  "line",   "verdict",       "rule",       "policy",    "reviewers",
    "reason", "exit",  "signal", "started",       "ended",      "log_index",
};
enum { N_MEMBERS = sizeof members / sizeof *members };

static bool promised(const char *name)
{
	for (int i = 0; i < N_MEMBERS; i++)
		if (strcmp(members[i], name) == 0)
			return true;
	return false;
}

/* Add a copy of `item` (NULL: null) as `name`. */
static bool add_copy(cJSON *object, const char *name, const cJSON *item)
{
	cJSON *copy = item ? cJSON_Duplicate(item, true) : cJSON_CreateNull();
	if (copy && cJSON_AddItemToObject(object, name, copy))
		return true;
	cJSON_Delete(copy);
	return false;
}

cJSON *record_json(const cJSON *record)
{
	cJSON *object = cJSON_CreateObject();
	bool ok = object != NULL;
	for (int i = 0; ok && i < N_MEMBERS; i++)
		ok = add_copy(object, members[i], cJSON_GetObjectItemCaseSensitive(record, members[i]));
	for (const cJSON *item = record->child; ok && item; item = item->next)
		ok = !item->string || promised(item->string) || add_copy(object, item->string, item);
	if (ok)
		return object;
	cJSON_Delete(object);
	return NULL;
}

cJSON *records_json(const cJSON *records, bool reversed)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *record;
	cJSON_ArrayForEach(record, records)
	{
		cJSON *copy = list ? record_json(record) : NULL;
		bool ok = copy && (reversed ? cJSON_InsertItemInArray(list, 0, copy)
					    : cJSON_AddItemToArray(list, copy));
		if (!ok) {
			cJSON_Delete(copy);
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}
