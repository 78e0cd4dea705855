/* export_text.h: the one gate that every text passes on its way out of the approver.
 *
 * Whatever an agent, a harness or an operator wrote (lines, arguments, tasks, reasons, directories, names
 * inside JSON) goes through here before any format sees it.  What must not leave is masked here and nowhere
 * else.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_TEXT_H
#define WHOSH_EXPORT_EXPORT_TEXT_H

#include "common/buf.h"
#include <cjson/cJSON.h>

/* Append the text as it may leave.  It may be any bytes. */
void export_text(struct buf *out, const char *text, size_t len);
/* The same in place of a malloc'd string (NULL stays NULL); false when out of memory. */
bool export_text_replace(char **text);
/* The same for every text inside a JSON value, however deep. */
bool export_text_json(cJSON *value);

#endif
