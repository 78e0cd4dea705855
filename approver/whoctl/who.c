/* who.c: `whoctl who`: which agent ran it, for whom, on what task?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/record.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 10000

static int who_path(struct ctl *ctl, struct buf *path, long *limit)
{
	const char *verdict = ctl->option[OPT_VERDICT], *count = ctl->option[OPT_LIMIT];
	if (verdict && strcmp(verdict, "approved") != 0 && strcmp(verdict, "denied") != 0 &&
	    strcmp(verdict, "pending") != 0)
		return complain_usage(ctl, "--verdict is approved, denied or pending, not \"%s\"", verdict);
	char *end = NULL;
	*limit = count ? strtol(count, &end, 10) : LIMIT_DEFAULT;
	if (count && (end == count || *end || *limit < 1 || *limit > LIMIT_MAX))
		return complain_usage(ctl, "--limit is a number from 1 to %d, not \"%s\"", LIMIT_MAX, count);

	static const struct {
		enum option option;
		const char *name;
	} filters[] = {{OPT_MATCH, "match"}, {OPT_AGENT, "agent"},     {OPT_HUMAN, "human"},
		       {OPT_MODEL, "model"}, {OPT_SESSION, "session"}, {OPT_VERDICT, "verdict"},
		       {OPT_HOST, "host"},   {OPT_USER, "user"},       {OPT_BEFORE, "before"}};
	buf_adds(path, "/v1/audit");
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		query_add(path, filters[i].name, ctl->option[filters[i].option]);
	char number[24];
	snprintf(number, sizeof number, "%ld", *limit);
	query_add(path, "limit", number);
	int status = query_add_time(ctl, path, OPT_SINCE, "since");
	return status != 0 ? status : query_add_time(ctl, path, OPT_UNTIL, "until");
}

static int who(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT;
	long limit = LIMIT_DEFAULT;
	cJSON *records JSON_AUTO = NULL;
	int status = who_path(ctl, &path, &limit);
	if (status == 0)
		status = api_list(ctl, path.data, "commands", &records);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON)) {
		cJSON *list JSON_AUTO = records_json(records, false);
		return json_output(list);
	}

	struct buf text BUF_AUTO = BUF_INIT;
	const cJSON *record, *last = NULL;
	cJSON_ArrayForEach(record, records)
	{
		last = record;
		if (given(ctl, OPT_QUIET)) {
			json_visible_add(&text, record, "id", "?");
			buf_addc(&text, '\n');
		} else {
			who_entry_add(&text, record, &ctl->style);
		}
	}
	status = output(&text);
	if (status == 0 && !last && !given(ctl, OPT_QUIET))
		complain(0, "no command matches");
	if (status == 0 && last && cJSON_GetArraySize(records) >= limit)
		complain(0, "there may be more: --limit N, or --before %s", json_string(last, "id"));
	return status;
}

const struct verb verb_who = {
    .name = "who",
    .operands = "",
    .help = "which agent ran it, for whom, on what task",
    .most = 0,
    .options = OPTION(MATCH) | OPTION(AGENT) | OPTION(HUMAN) | OPTION(MODEL) | OPTION(SESSION) |
	       OPTION(VERDICT) | OPTION(HOST) | OPTION(USER) | OPTION(SINCE) | OPTION(UNTIL) | OPTION(LIMIT) |
	       OPTION(BEFORE) | OPTION(JSON) | OPTION(QUIET),
    .run = who,
};
