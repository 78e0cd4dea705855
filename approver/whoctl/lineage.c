/* lineage.c: a command's principals told to people; see lineage.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/quote.h"
#include "common/text.h"
#include <string.h>

enum {
	MOST = 9,            /* a human and 8 hops; more is nonsense, and must not scroll the line away */
	TASK_COLUMNS = 200,  /* of a task in the list; show --json has it whole */
	SCOPE_COLUMNS = 160, /* of each list of a scope */
	CLAIM_COLUMNS = 400
};

static const char *filled(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	return text && *text ? text : NULL;
}

/* ── scopes, in short ── */

/* "status", or "status|log" */
static void word_add(struct buf *out, const cJSON *word)
{
	const cJSON *one;
	if (cJSON_IsString(word)) {
		word_or_quoted_add(out, word->valuestring, 0);
		return;
	}
	cJSON_ArrayForEach(one, word)
	{
		buf_adds(out, one == word->child ? "" : "|");
		word_or_quoted_add(out, cJSON_IsString(one) ? one->valuestring : "?", 0);
	}
}

/* "git status|log **, ls **" of commands; "/srv, /srv/\*" of the others */
static void patterns_add(struct buf *out, const cJSON *scope, const char *name)
{
	const cJSON *list = json_array(scope, name), *pattern, *word;
	struct buf text BUF_AUTO = BUF_INIT;
	if (!list || !list->child)
		return;
	cJSON_ArrayForEach(pattern, list)
	{
		buf_adds(&text, pattern == list->child ? "" : ", ");
		if (cJSON_IsArray(pattern))
			cJSON_ArrayForEach(word, pattern)
			{
				buf_adds(&text, word == pattern->child ? "" : " ");
				word_add(&text, word);
			}
		else
			word_or_quoted_add(&text, cJSON_IsString(pattern) ? pattern->valuestring : "?", 0);
	}
	buf_addf(out, "; %s: ", name);
	clipped_add(out, text.data ? text.data : "", text.len, SCOPE_COLUMNS);
}

static void scope_add(struct buf *out, const cJSON *scope)
{
	patterns_add(out, scope, "commands");
	patterns_add(out, scope, "cwd");
	patterns_add(out, scope, "hosts");
}

/* ── principals ── */

static void principal_add(struct buf *out, const cJSON *principal, const struct style *style)
{
	const char *id = filled(principal, "id"), *type = filled(principal, "type");
	const char *proof = filled(principal, "proof"), *task = filled(principal, "task");
	int64_t ms;
	struct buf name BUF_AUTO = BUF_INIT, known BUF_AUTO = BUF_INIT;
	clipped_text_add(&name, id ? id : "?", TASK_COLUMNS);
	clipped_text_add(&known, proof ? proof : "claimed", TASK_COLUMNS);
	bool claimed = !proof || strcmp(proof, "claimed") == 0;
	coloured_add(out, style, COLOUR_BOLD, name.data ? name.data : "?");
	buf_adds(out, " (");
	clipped_text_add(out, type ? type : "?", TASK_COLUMNS);
	buf_adds(out, ", ");
	coloured_add(out, style, claimed ? COLOUR_YELLOW : COLOUR_NONE, known.data ? known.data : "claimed");
	buf_addc(out, ')');
	if (json_time(principal, "authorized_at", &ms)) {
		buf_adds(out, ", ");
		time_add(out, ms);
	}
	const cJSON *scope = json_object(principal, "scope");
	if (scope)
		scope_add(out, scope);
	/* Last, so that no task can pass for a scope.  What nobody delegated is the agent's own word. */
	if (task) {
		const char *grade = filled(principal, "task_grade");
		bool own = !filled(principal, "hop") || (grade && !strcmp(grade, "claimed"));
		buf_adds(out, scope ? "; " : ", ");
		buf_adds(out, own ? "claims the task " : "task ");
		quoted_add(out, task, TASK_COLUMNS);
	}
}

void lineage_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin)
{
	const cJSON *chain = json_array(record, "chain"), *principal;
	int n = 0, all = cJSON_GetArraySize(chain);
	cJSON_ArrayForEach(principal, chain)
	{
		if (n++ == MOST)
			break;
		buf_adds(out, principal == chain->child ? "" : margin);
		principal_add(out, principal, style);
		buf_addc(out, '\n');
	}
	if (all > MOST)
		buf_addf(out, "%sand %d more than a chain can have\n", margin, all - MOST);
	if (all == 0)
		buf_adds(out, "nobody named\n");
}

void via_add(struct buf *out, const cJSON *record)
{
	const cJSON *chain = json_array(record, "chain"), *principal;
	int n = 0;
	cJSON_ArrayForEach(principal, chain)
	{
		if (principal == chain->child || !principal->next || n == MOST)
			continue;
		buf_adds(out, n++ ? " → " : " via ");
		clipped_text_add(out, filled(principal, "id") ? filled(principal, "id") : "?", TASK_COLUMNS);
	}
}

/* ── the task ── */

static const cJSON *attribute(const cJSON *record, const char *name)
{
	const cJSON *attributes = json_object(record, "attributes");
	return attributes ? json_object(attributes, name) : NULL;
}

void claimed_task_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin)
{
	const cJSON *claimed = attribute(record, "claimed_task"), *detail = json_object(record, "detail");
	const cJSON *delegation = detail ? json_object(detail, "delegation") : NULL;
	const char *text = claimed ? filled(claimed, "value") : NULL;
	if (!text)
		text = delegation ? filled(delegation, "claimed_task") : NULL;
	if (!text)
		return;
	struct buf line BUF_AUTO = BUF_INIT;
	buf_adds(&line, "claims another task: ");
	clipped_text_add(&line, text, CLAIM_COLUMNS);
	buf_adds(out, margin);
	coloured_add(out, style, COLOUR_RED, line.data ? line.data : "");
	buf_addc(out, '\n');
}

void delegated_task_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin)
{
	const cJSON *task = attribute(record, "task");
	const char *source = task ? filled(task, "source") : NULL, *text = filled(record, "task");
	const char *grade = task ? filled(task, "grade") : NULL;
	claimed_task_add(out, record, style, margin);
	if (!text || !source || strncmp(source, "delegation by ", strlen("delegation by ")) != 0)
		return;
	buf_adds(out, margin);
	buf_adds(out, "task:    (");
	clipped_text_add(out, grade ? grade : "claimed", TASK_COLUMNS);
	buf_adds(out, ", ");
	clipped_text_add(out, source, TASK_COLUMNS);
	buf_adds(out, ") ");
	visible_add(out, text, strlen(text));
	buf_addc(out, '\n');
}
