/* export_text.c: see export_text.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_text.h"
#include <stdlib.h>
#include <string.h>

void export_text(struct buf *out, const char *text, size_t len)
{
	buf_add(out, text, len);
}

bool export_text_replace(char **text)
{
	if (!*text)
		return true;
	struct buf out = BUF_INIT;
	export_text(&out, *text, strlen(*text));
	char *replaced = buf_take(&out);
	if (!replaced)
		return false;
	free(*text);
	*text = replaced;
	return true;
}

bool export_text_json(cJSON *value)
{
	cJSON *child;
	if (cJSON_IsString(value)) {
		struct buf out BUF_AUTO = BUF_INIT;
		export_text(&out, value->valuestring, strlen(value->valuestring));
		return !out.failed && cJSON_SetValuestring(value, out.data ? out.data : "") != NULL;
	}
	cJSON_ArrayForEach(child, value) if (!export_text_json(child)) return false;
	return true;
}
