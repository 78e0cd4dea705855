/* story.c: show's page: everything that is known of one command, and how well each thing is known.
 *
 * Attributes come first, each with its grade and source; what the approver does not grade is called claimed.
 * Then how it was decided and by whom, how it ended, what the session did before and after (story_session.c),
 * and which events of the log say so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/changed.h"
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/quote.h"
#include "approver/whoctl/record.h"
#include "approver/whoctl/story.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* What is told first, in this order; other attributes follow as the approver lists them. */
static const char *const first[] = {"agent", "agent_version", "credential", "session",     "human",
				    "model", "model_before",  "task",       "task_sha256", "user",
				    "host",  "cwd",           "mode",       "parent"};
enum { N_FIRST = sizeof first / sizeof *first };

static bool is_first(const char *name)
{
	for (int i = 0; i < N_FIRST; i++)
		if (strcmp(first[i], name) == 0)
			return true;
	return false;
}

/* A value as text: strings as they are, everything else as JSON; nothing for null and empty ones. */
static void value_add(struct buf *out, const cJSON *value)
{
	if (!value || cJSON_IsNull(value) ||
	    ((cJSON_IsArray(value) || cJSON_IsObject(value)) && !value->child))
		return;
	if (cJSON_IsString(value)) {
		buf_adds(out, value->valuestring);
		return;
	}
	char *json = cJSON_PrintUnformatted(value);
	if (json)
		buf_adds(out, json);
	else
		out->failed = true;
	free(json);
}

static void attribute_row(struct table *table, const cJSON *record, const char *name, const cJSON *ungraded)
{
	const cJSON *attributes = json_object(record, "attributes");
	const cJSON *one = attributes ? json_object(attributes, name) : NULL;
	struct buf value BUF_AUTO = BUF_INIT;
	value_add(&value, one ? cJSON_GetObjectItemCaseSensitive(one, "value") : ungraded);
	if (value.len == 0)
		return;
	const char *grade = grade_of(record, name);
	table_cell(table, name);
	if (strstr(value.data, "  ")) { /* it could look like the columns behind it */
		struct buf quoted BUF_AUTO = BUF_INIT;
		quoted_add(&quoted, value.data, 0);
		table_cell(table, quoted.data);
	} else {
		table_cell(table, value.data);
	}
	table_cell_coloured(table, strcmp(grade, "claimed") == 0 ? COLOUR_YELLOW : COLOUR_GREEN, grade);
	table_cell(table, one ? json_string(one, "source") : NULL);
}

static void attributes_add(struct buf *out, const cJSON *record, const struct style *style)
{
	static const char *const titles[] = {"ATTRIBUTE", "VALUE", "GRADE", "SOURCE", NULL};
	struct table *table = table_new(titles);
	for (int i = 0; i < N_FIRST; i++)
		attribute_row(table, record, first[i], cJSON_GetObjectItemCaseSensitive(record, first[i]));
	const cJSON *attributes = json_object(record, "attributes"), *detail = json_object(record, "detail"),
		    *item;
	cJSON_ArrayForEach(item, attributes) if (!is_first(item->string))
	    attribute_row(table, record, item->string, NULL);
	cJSON_ArrayForEach(item, detail)
	{
		bool told = is_first(item->string) || strcmp(item->string, "attributes") == 0 ||
			    strcmp(item->string, "sources") == 0 || strcmp(item->string, "delegation") == 0 ||
			    strcmp(item->string, "argv") == 0 || strcmp(item->string, "meaning") == 0 ||
			    strcmp(item->string, "sourced") == 0 ||
			    (attributes && cJSON_HasObjectItem(attributes, item->string));
		if (!told)
			attribute_row(table, record, item->string, item);
	}
	table_add(out, table, style, "no attributes");
	table_free(table);
}

void fact_add(struct buf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	buf_addf(out, "%-11s", label);
	visible_add(out, text, strlen(text));
	buf_addc(out, '\n');
}

/* A time, and how long after an earlier one it was: "…, 9 m 12 s after it came". */
static void time_fact_add(struct buf *out, const cJSON *record, const char *label, const char *member,
			  const char *from, const char *after)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t began, ended;
	json_time_add(&text, record, member, "");
	if (text.len && json_string(record, member))
		buf_addf(&text, "  (%s)", json_string(record, member));
	if (from && json_time(record, from, &began) && json_time(record, member, &ended)) {
		buf_adds(&text, ", ");
		delay_add(&text, ended - began);
		buf_addf(&text, " %s", after);
	}
	fact_add(out, label, text.data);
}

/* Where the log has the decision; while it waits, the request. */
static void log_index_add(struct buf *out, const cJSON *record)
{
	const char *state = json_string(record, "state");
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t index;
	if (!json_integer(record, "log_index", &index))
		return;
	buf_addf(&text, "%lld, of the %s", (long long)index,
		 state && strcmp(state, "pending") == 0 ? "request" : "decision");
	fact_add(out, "log index", text.data);
}

/* The signed messages, each on its line: for whoever checks them with other tools. */
static void evidence_add(struct buf *out, const cJSON *record)
{
	static const char *const members[] = {"command_jws", "permit_jws", "outcome_jws"};
	static const char *const labels[] = {"command", "permit", "outcome"};
	const char *title = "\nsigned bytes, with whatever secrets they hold\n";
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const char *jws = json_string(record, members[i]);
		if (!jws)
			continue;
		buf_adds(out, title);
		fact_add(out, labels[i], jws);
		title = "";
	}
}

static void events_add(struct buf *out, const cJSON *record, const struct style *style)
{
	static const char *const titles[] = {"LOG INDEX", "EVENT", "TIME", NULL};
	const cJSON *events = json_array(record, "events"), *event;
	if (!events || !events->child)
		return;
	buf_addc(out, '\n');
	struct table *table = table_new(titles);
	cJSON_ArrayForEach(event, events)
	{
		struct buf index BUF_AUTO = BUF_INIT, when BUF_AUTO = BUF_INIT;
		int64_t number;
		if (json_integer(event, "index", &number))
			buf_addf(&index, "%lld", (long long)number);
		json_time_add(&when, event, "ts", "");
		table_cell(table, index.data);
		table_cell(table, json_string(event, "kind"));
		table_cell(table, when.data);
	}
	table_add(out, table, style, "");
	table_free(table);
}

/* Its signed messages are not in the log any more. */
static void archived_add(struct buf *out, const cJSON *record)
{
	const cJSON *archived = json_object(record, "archived");
	const char *archive = json_string(archived, "archive");
	struct buf text BUF_AUTO = BUF_INIT;
	buf_adds(&text, archive                          ? "archived in "
			: json_true(archived, "deleted") ? "deleted by the retention policy"
							 : "archived; where is not in the log any more");
	buf_adds(&text, archive ? archive : "");
	if (archived)
		fact_add(out, "entries", text.data);
}

static void model_change_add(struct buf *out, const cJSON *record)
{
	const char *before = json_string(record, "model_before");
	if (!before || !*before)
		return;
	buf_adds(out, "the model changed with this command, from ");
	json_claim_add(out, record, "model_before", "");
	buf_addf(out, " (%s)\n\n", grade_of(record, "model"));
}

void story_add(struct buf *out, const cJSON *record, const struct style *style)
{
	struct buf id BUF_AUTO = BUF_INIT;
	buf_adds(&id, "command ");
	json_visible_add(&id, record, "id", "?");
	coloured_add(out, style, COLOUR_BOLD, id.data ? id.data : "");
	buf_addc(out, '\n');
	who_add(out, record, style);
	buf_adds(out, ",\n");
	verdict_add(out, record, style);
	buf_adds(out, ":\n");
	delegated_task_add(out, record, style, "  ");
	lines_add(out, record, "  │ ");
	changed_add(out, record, style, "", CHANGED_WHOLE);
	if (json_true(record, "masked"))
		coloured_add(out, style, COLOUR_YELLOW,
			     "secrets are masked: whoctl show --unmask, for reviewers and admins\n");
	buf_addc(out, '\n');
	model_change_add(out, record);
	attributes_add(out, record, style);
	buf_adds(out, "\nlineage    ");
	lineage_add(out, record, style, "           ");
	time_fact_add(out, record, "received", "ts", NULL, NULL);
	reviews_add(out, record);
	time_fact_add(out, record, "decided", "decided", "ts", "after it was received");
	fact_add(out, "rule", json_string(record, "rule"));
	fact_add(out, "reason", json_string(record, "reason"));
	fact_add(out, "policy", json_string(record, "policy"));
	log_index_add(out, record);
	time_fact_add(out, record, "started", "started", NULL, NULL);
	time_fact_add(out, record, "ended", "ended", "started", "after it began");
	fact_add(out, "outcome", json_string(record, "outcome"));
	fact_add(out, "", json_string(record, "outcome_reason"));
	archived_add(out, record);
	neighbours_add(out, record, style);
	events_add(out, record, style);
	evidence_add(out, record);
}
