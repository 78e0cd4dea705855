/* model.c: which models a question means by a name without a version, or by a pattern.
 *
 *	provider/name@version    that text
 *	provider/name            that text, and each provider/name@version
 *	provider/name@2*         that text, and what it means as a glob: * ? [set]
 *
 * There are few models, so those that are indexed are listed by going from one number to the next in
 * facets_model, and each name is held to the pattern; the question is then put with their numbers.  An agent
 * may claim as many models as it sends commands: when too many match, each row's name is looked at instead.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/text.h"
#include <string.h>

bool model_is_pattern(const char *asked)
{
	return strpbrk(asked, "*?[") || !strchr(asked, '@');
}

static bool matches(const char *asked, const char *model)
{
	size_t len = strlen(asked);
	if (!strcmp(asked, model)) /* a model's own name may hold a '[' */
		return true;
	if (strpbrk(asked, "*?["))
		return glob_match(asked, model);
	return !strchr(asked, '@') && !strncmp(asked, model, len) && model[len] == '@';
}

/* model_matches(ASKED, MODEL) */
static void matches_in_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	const char *asked = (const char *)sqlite3_value_text(values[0]);
	const char *model = (const char *)sqlite3_value_text(values[1]);
	sqlite3_result_int(context, asked && model && matches(asked, model));
}

bool model_function_add(sqlite3 *db)
{
	return sqlite3_create_function(db, "model_matches", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				       matches_in_sql, NULL, NULL) == SQLITE_OK;
}

int model_numbers(struct store_reader *reader, const char *asked, struct buf *list)
{
	sqlite3_stmt *s = reader_prepare(
	    reader,
	    "WITH RECURSIVE m(id) AS (SELECT min(model) FROM facets UNION ALL SELECT (SELECT min(model) "
	    "FROM facets WHERE model>m.id) FROM m WHERE m.id IS NOT NULL) SELECT m.id FROM m JOIN names "
	    "ON names.id=m.id WHERE model_matches(?1,names.text)");
	if (!s)
		return -1;
	int found = 0, code = SQLITE_ROW;
	sqlite3_bind_text(s, 1, asked, -1, SQLITE_STATIC);
	while (found <= MODELS_MAX && (code = sqlite3_step(s)) == SQLITE_ROW)
		buf_addf(list, "%s%lld", found++ ? "," : "", (long long)sqlite3_column_int64(s, 0));
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		found = sqlite_failed(reader->db, "models are read");
	sqlite3_finalize(s);
	return list->failed ? -1 : found;
}
