/* lineage.c: everyone that a command descends from; see lineage.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/lineage.h"
#include "common/json.h"
#include <string.h>

bool lineage_has(const char *lineage, const char *kind, const char *name)
{
	size_t kind_len = strlen(kind), name_len = strlen(name);
	for (const char *line = lineage; line && *line; line++) {
		const char *end = strchrnul(line, '\n');
		if ((size_t)(end - line) == kind_len + 1 + name_len && !memcmp(line, kind, kind_len) &&
		    line[kind_len] == ' ' && !memcmp(line + kind_len + 1, name, name_len))
			return true;
		if (!*end)
			return false;
		line = end;
	}
	return false;
}

static void line_add(struct buf *out, const char *kind, const char *name)
{
	if (name && *name && !strchr(name, '\n'))
		buf_addf(out, "%s %s\n", kind, name);
}

char *lineage_of_chain(const char *chain)
{
	cJSON *tree JSON_AUTO = chain ? json_parse(chain, strlen(chain), NULL) : NULL;
	struct buf out BUF_AUTO = BUF_INIT;
	const cJSON *principal;
	if (!cJSON_IsArray(tree))
		return NULL;
	buf_adds(&out, "");
	cJSON_ArrayForEach(principal, tree)
	{
		const char *type = json_string(principal, "type");
		if (type && (!strcmp(type, "human") || !strcmp(type, "agent")))
			line_add(&out, type, json_string(principal, "id"));
		line_add(&out, "credential", json_string(principal, "credential"));
		line_add(&out, "credential", json_string(principal, "signer"));
	}
	return out.failed ? NULL : buf_take(&out);
}
