/* record.c: the sentence that says which agent ran what, for whom and on what task; see record.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/record.h"
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/quote.h"
#include "common/text.h"
#include <string.h>

#define HASH_SHOWN 16 /* digits of a hash in the sentence; show gives it whole */

const char *grade_of(const cJSON *record, const char *attribute)
{
	const cJSON *attributes = json_object(record, "attributes");
	const cJSON *one = attributes ? json_object(attributes, attribute) : NULL;
	const char *grade = one ? json_string(one, "grade") : NULL;
	return grade ? grade : "claimed";
}

static bool claimed(const cJSON *record, const char *attribute)
{
	return strcmp(grade_of(record, attribute), "claimed") == 0;
}

static const char *filled(const cJSON *record, const char *name)
{
	const char *text = json_string(record, name);
	return text && *text ? text : NULL;
}

static void shown(struct buf *out, const char *text)
{
	visible_add(out, text, strlen(text));
}

/* What an agent claims of itself is quoted when it is no plain name: a model may be called "m) for bob".
 *
 * " 2.3 (model M, claimed)", " 2.3 (model M; version and model claimed)", " 2.3 (version claimed)"; when the
 * model changed with this command, " 2.3 (model M, claimed; until then L)" */
static void version_and_model_add(struct buf *out, const cJSON *record)
{
	const char *version = filled(record, "agent_version"), *model = filled(record, "model");
	const char *before = filled(record, "model_before");
	bool version_claimed = version && claimed(record, "agent_version");
	bool model_claimed = model && claimed(record, "model");
	if (version) {
		buf_addc(out, ' ');
		json_claim_add(out, record, "agent_version", "");
	}
	if (!model) {
		buf_adds(out, version_claimed ? " (version claimed)" : "");
		return;
	}
	buf_adds(out, " (model ");
	json_claim_add(out, record, "model", "");
	if (version_claimed && model_claimed)
		buf_adds(out, "; version and model claimed");
	else if (version_claimed)
		buf_adds(out, "; version claimed");
	else if (model_claimed)
		buf_adds(out, ", claimed");
	if (before) {
		buf_adds(out, "; until then ");
		json_claim_add(out, record, "model_before", "");
	}
	buf_addc(out, ')');
}

/* ", task "…" (claimed)"; of a task that is known by its hash only, " (task SHA-256 abcd…, claimed)" */
static void task_add(struct buf *out, const cJSON *record)
{
	const char *task = filled(record, "task"), *hash = filled(record, "task_sha256");
	if (task) {
		buf_adds(out, ", task ");
		quoted_add(out, task, 0);
		buf_adds(out, claimed(record, "task") ? " (claimed)" : "");
	} else if (hash) {
		buf_adds(out, " (task SHA-256 ");
		visible_add(out, hash, strnlen(hash, HASH_SHOWN));
		buf_adds(out, claimed(record, "task_sha256") ? "…, claimed)" : "…)");
	} else {
		buf_adds(out, ", no task given");
	}
}

void who_add(struct buf *out, const cJSON *record, const struct style *style)
{
	struct buf agent BUF_AUTO = BUF_INIT;
	json_visible_add(&agent, record, "agent", "an unknown agent");
	coloured_add(out, style, COLOUR_BOLD, agent.data ? agent.data : "");
	version_and_model_add(out, record);

	const char *human = filled(record, "human");
	buf_adds(out, human ? " for " : " for nobody named");
	if (human) {
		struct buf name BUF_AUTO = BUF_INIT;
		shown(&name, human);
		coloured_add(out, style, COLOUR_BOLD, name.data ? name.data : "");
	}
	via_add(out, record);
	task_add(out, record);
}

/* "rule no-ddl", "the policy's default" */
static void rule_add(struct buf *out, const char *rule)
{
	if (!rule || strcmp(rule, "default") == 0) {
		buf_adds(out, "the policy's default");
		return;
	}
	buf_adds(out, "rule ");
	shown(out, rule);
}

/* How an approved command ended, as far as is known. */
static void ending_add(struct buf *out, const cJSON *record)
{
	const char *outcome = filled(record, "outcome"), *state = filled(record, "state");
	const char *signal = filled(record, "signal"), *why = filled(record, "outcome_reason");
	int64_t status;
	if (signal) {
		buf_adds(out, ", killed by SIG");
		shown(out, strncmp(signal, "SIG", 3) == 0 ? signal + 3 : signal);
	} else if (json_integer(record, "exit", &status)) {
		buf_addf(out, ", exit %lld", (long long)status);
	} else if (outcome && strcmp(outcome, "not_run") == 0) {
		buf_adds(out, ", but not run");
	} else if ((outcome && strcmp(outcome, "lost") == 0) || (state && strcmp(state, "lost") == 0)) {
		buf_adds(out, ", exit unknown");
		why = why ? why : "host lost";
	} else {
		buf_adds(out, ", no outcome yet");
		return;
	}
	if (why && (!signal || strncmp(why, "killed", strlen("killed")) == 0)) {
		buf_adds(out, " (");
		shown(out, why);
		buf_addc(out, ')');
	}
}

void verdict_add(struct buf *out, const cJSON *record, const struct style *style)
{
	const char *verdict = filled(record, "verdict"), *cause = filled(record, "cause"),
		   *rule = filled(record, "rule");
	const cJSON *reviewers = json_array(record, "reviewers");
	bool reviewed = cJSON_GetArraySize(reviewers) > 0;
	if (!verdict || strcmp(verdict, "pending") == 0) {
		coloured_add(out, style, COLOUR_YELLOW, "waiting for a reviewer");
		buf_adds(out, ", asked by ");
		rule_add(out, rule);
		return;
	}
	bool approved = strcmp(verdict, "approved") == 0;
	if (!approved && cause && strcmp(cause, "withdrawn") == 0) {
		coloured_add(out, style, COLOUR_RED, "withdrawn before it was decided");
	} else if (!approved && cause && strcmp(cause, "timeout") == 0) {
		coloured_add(out, style, COLOUR_RED, "denied");
		buf_adds(out, " because nobody reviewed it in time");
	} else if (!approved && cause && strcmp(cause, "killed") == 0) {
		coloured_add(out, style, COLOUR_RED, "denied");
		buf_adds(out, " by a kill while it waited");
	} else {
		struct buf word BUF_AUTO = BUF_INIT;
		shown(&word, verdict);
		coloured_add(out, style, approved ? COLOUR_GREEN : COLOUR_RED, word.data ? word.data : "");
		buf_adds(out, " by ");
		if (!reviewed) {
			rule_add(out, rule);
		} else {
			json_names_add(out, reviewers);
			buf_adds(out, ", asked by ");
			rule_add(out, rule);
		}
	}
	if (approved)
		ending_add(out, record);
}

void line_add(struct buf *out, const cJSON *record, size_t columns)
{
	struct buf room BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	size_t len;
	const char *line = record_line(record, &room, &len);
	visible_add(&text, line, len);
	if (!text.data)
		return;
	if (columns)
		clipped_add(out, text.data, text.len, columns);
	else
		buf_add(out, text.data, text.len);
}

void text_lines_add(struct buf *out, const char *bytes, size_t len, const char *margin)
{
	struct buf text BUF_AUTO = BUF_INIT;
	visible_add_lines(&text, bytes, len);
	const char *at = text.data ? text.data : "", *end = at + text.len;
	do {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		buf_adds(out, margin);
		buf_add(out, at, (size_t)(stop - at));
		buf_addc(out, '\n');
		at = newline ? newline + 1 : end;
	} while (at < end);
}

void lines_add(struct buf *out, const cJSON *record, const char *margin)
{
	struct buf room BUF_AUTO = BUF_INIT;
	size_t len;
	const char *line = record_line(record, &room, &len);
	text_lines_add(out, line, len, margin);
}

void sentence_add(struct buf *out, const cJSON *record, const struct style *style, size_t columns)
{
	who_add(out, record, style);
	buf_adds(out, ", ");
	verdict_add(out, record, style);
	buf_adds(out, ": ");
	line_add(out, record, columns);
}
