/* incident_say.c: the sentences that the incident's text and page share; see incident.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/incident.h"
#include "approver/whoctl/moment.h"
#include "common/text.h"
#include <string.h>

static const char *filled(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	return text && *text ? text : NULL;
}

static void moment_of(struct buf *out, const cJSON *object, const char *name)
{
	int64_t ms;
	if (json_time(object, name, &ms))
		moment_add(out, ms);
	else
		buf_adds(out, "?");
}

static int64_t number(const cJSON *object, const char *name)
{
	int64_t value = 0;
	json_integer(object, name, &value);
	return value;
}

void incident_title_add(struct buf *out, const cJSON *incident)
{
	buf_adds(out, "Incident at ");
	moment_of(out, incident, "at");
}

void incident_window_add(struct buf *out, const cJSON *incident)
{
	buf_adds(out, "from ");
	moment_of(out, incident, "since");
	buf_adds(out, " to ");
	moment_of(out, incident, "until");
	if (filled(incident, "agent")) {
		buf_adds(out, ", agent ");
		json_visible_add(out, incident, "agent", "");
	}
	if (filled(incident, "match")) {
		buf_adds(out, ", matching ");
		json_claim_add(out, incident, "match", "");
	}
}

bool is_unusual(const cJSON *record)
{
	return cJSON_GetArraySize(json_array(record, "unusual")) > 0;
}

bool has_news(const cJSON *record)
{
	const cJSON *finding;
	cJSON_ArrayForEach(finding,
			   json_array(record, "unusual")) if (!json_true(finding, "again")) return true;
	return false;
}

bool is_comparable(const cJSON *incident)
{
	const cJSON *agent;
	int64_t least = 0, compared = 0;
	json_integer(incident, "compared_least", &least);
	cJSON_ArrayForEach(agent,
			   json_array(incident, "agents")) if (json_integer(agent, "compared", &compared) &&
							       compared >= least) return true;
	return false;
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

void incident_summary_add(struct buf *out, const cJSON *incident)
{
	int64_t found = number(incident, "found"), shown = number(incident, "shown");
	int64_t agents = cJSON_GetArraySize(json_array(incident, "agents")), odd = 0, denied = 0;
	const cJSON *record;
	cJSON_ArrayForEach(record, json_array(incident, "commands"))
	{
		const char *verdict = filled(record, "verdict");
		odd += is_unusual(record);
		denied += verdict && !strcmp(verdict, "denied");
	}
	buf_addf(out, "%lld command%s", (long long)found, plural(found));
	if (found)
		buf_addf(out, " of %lld agent%s%s", (long long)agents, plural(agents),
			 json_true(incident, "subjects_cut") ? " or more (these were compared)" : "");
	if (shown < found)
		buf_addf(out, ", the %lld nearest to the moment shown", (long long)shown);
	if (found)
		buf_addf(out, "; %lld denied; %lld with something unusual", (long long)denied,
			 (long long)odd);
}

static void few_add(struct buf *out, const cJSON *agent, const char *member, const char *label)
{
	const cJSON *list = json_array(agent, member), *one;
	if (!list || !list->child)
		return;
	buf_addf(out, "; %s: ", label);
	cJSON_ArrayForEach(one, list)
	{
		buf_adds(out, one == list->child ? "" : ", ");
		json_visible_add(out, one, "name", "?");
		buf_addf(out, " (%lld)", (long long)number(one, "n"));
	}
}

void incident_usual_add(struct buf *out, const cJSON *agent, int64_t least)
{
	int64_t compared = number(agent, "compared");
	if (!compared) {
		buf_adds(out, "no earlier command: there is nothing to compare with");
		return;
	}
	buf_addf(out, "%s%lld earlier command%s, the first of ", json_true(agent, "cut") ? "the last " : "",
		 (long long)compared, plural(compared));
	moment_of(out, agent, "first");
	if (compared < least) {
		buf_adds(out, "; too few to say what is usual");
		return;
	}
	if (filled(agent, "hours")) {
		buf_adds(out, "; works ");
		json_visible_add(out, agent, "hours", "");
	} else if (json_array(agent, "programs")) {
		buf_adds(out, "; works around the clock");
	}
	few_add(out, agent, "programs", "programs");
	few_add(out, agent, "directories", "directories");
	few_add(out, agent, "hosts", "hosts");
	few_add(out, agent, "models", "models");
}

/* "0.186 s", "41 s", "9 m 12 s" */
static void short_span_add(struct buf *out, int64_t ms)
{
	if (ms < 10000)
		buf_addf(out, "%.3f s", (double)(ms > 0 ? ms : 0) / 1000.0);
	else
		span_add(out, ms / 1000);
}

static void rule_add(struct buf *out, const cJSON *record)
{
	const char *rule = filled(record, "rule");
	if (!rule || !strcmp(rule, "default")) {
		buf_adds(out, "the policy's default");
		return;
	}
	buf_adds(out, "rule ");
	visible_add(out, rule, strlen(rule));
}

void why_add(struct buf *out, const cJSON *record)
{
	const char *verdict = filled(record, "verdict"), *cause = filled(record, "cause");
	const cJSON *reviewers = json_array(record, "reviewers");
	int64_t asked = 0, decided = 0;
	if (!verdict) {
		buf_adds(out, "waiting for a reviewer, asked by ");
		rule_add(out, record);
		return;
	}
	buf_adds(out, !strcmp(verdict, "approved") ? "approved" : "denied");
	if (cause && !strcmp(cause, "timeout")) {
		buf_adds(out, " because nobody reviewed it in time, asked by ");
		rule_add(out, record);
	} else if (cause && !strcmp(cause, "withdrawn")) {
		buf_adds(out, ": withdrawn before it was decided");
	} else if (cause && !strcmp(cause, "killed")) {
		buf_adds(out, " by a kill");
	} else if (cJSON_GetArraySize(reviewers)) {
		buf_adds(out, " by ");
		json_names_add(out, reviewers);
		if (json_time(record, "ts", &asked) && json_time(record, "decided", &decided)) {
			buf_adds(out, " after ");
			short_span_add(out, decided - asked);
		}
		buf_adds(out, ", asked by ");
		rule_add(out, record);
	} else {
		buf_adds(out, " by ");
		rule_add(out, record);
	}
	/* The approver says so itself when a reviewer gave none. */
	if (filled(record, "reason") &&
	    !(cJSON_GetArraySize(reviewers) && !strncmp(filled(record, "reason"), "approved by ", 12))) {
		buf_adds(out, ": ");
		json_visible_add(out, record, "reason", "");
	}
}

static void took_add(struct buf *out, const cJSON *record)
{
	int64_t started, ended;
	if (!json_time(record, "started", &started) || !json_time(record, "ended", &ended))
		return;
	buf_adds(out, " after ");
	short_span_add(out, ended - started);
}

void ended_add(struct buf *out, const cJSON *record)
{
	const char *verdict = filled(record, "verdict"), *outcome = filled(record, "outcome");
	const char *state = filled(record, "state"), *signal = filled(record, "signal");
	int64_t status;
	if (!verdict || strcmp(verdict, "approved") != 0) {
		buf_adds(out, "it did not run");
		return;
	}
	if (signal) {
		buf_adds(out, "ended by SIG");
		visible_add(out, signal, strlen(signal));
		took_add(out, record);
	} else if (json_integer(record, "exit", &status)) {
		buf_addf(out, "exit %lld", (long long)status);
		took_add(out, record);
	} else if (outcome && !strcmp(outcome, "not_run")) {
		buf_adds(out, "not run after all");
	} else if (state && !strcmp(state, "lost")) {
		buf_adds(out, "not known: the host fell silent");
	} else {
		buf_adds(out, "no outcome yet");
	}
	if (filled(record, "outcome_reason")) {
		buf_adds(out, " (");
		json_visible_add(out, record, "outcome_reason", "");
		buf_addc(out, ')');
	}
}
