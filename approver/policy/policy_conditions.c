/* policy_conditions.c: may a rule speak about this request: its `when` and `unless`.
 *
 * What is not known (a model that was not given) neither holds nor fails: MAYBE, which lets a rule that is
 * strict speak and one that approves not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include "common/text.h"
#include <stdio.h>
#include <time.h>

static enum match among(const struct strings *list, const char *value)
{
	if (!value)
		return MATCH_MAYBE;
	for (size_t i = 0; i < list->n; i++)
		if (glob_match(list->items[i], value))
			return MATCH_YES;
	return MATCH_NO;
}

static enum match in_chain(const struct strings *list, const struct policy_request *request)
{
	for (size_t i = 0; i < request->n_chain; i++)
		if (among(list, request->chain[i]) == MATCH_YES)
			return MATCH_YES;
	return request->n_chain ? MATCH_NO : MATCH_MAYBE;
}

static enum match in_hours(const struct strings *list, time_t now)
{
	struct tm tm;
	if (!gmtime_r(&now, &tm))
		return MATCH_MAYBE;
	int minute = tm.tm_hour * 60 + tm.tm_min;
	for (size_t i = 0; i < list->n; i++) {
		int a, b, c, d;
		if (sscanf(list->items[i], "%2d:%2d-%2d:%2d", &a, &b, &c, &d) != 4)
			continue;
		int from = a * 60 + b, to = c * 60 + d;
		if (from <= to ? minute >= from && minute < to : minute >= from || minute < to)
			return MATCH_YES;
	}
	return MATCH_NO;
}

/* Variables that load code and were kept.  `all`: a rule that lets something pass must name every one. */
static enum match kept(const struct strings *list, const struct policy_request *request, bool all)
{
	size_t named = 0;
	for (size_t i = 0; i < request->n_env_kept; i++)
		named += among(list, request->env_kept[i]) == MATCH_YES;
	return named && (!all || named == request->n_env_kept) ? MATCH_YES : MATCH_NO;
}

static enum match one(const struct strings *list, enum attribute attribute,
		      const struct policy_request *request, bool lets_pass)
{
	switch (attribute) {
	case BY_AGENT:
		return among(list, request->agent);
	case BY_AGENT_VERSION:
		return among(list, request->agent_version);
	case BY_HUMAN:
		return among(list, request->human);
	case BY_CHAIN:
		return in_chain(list, request);
	case BY_MODEL:
		return among(list, request->model);
	case BY_HOST:
		return among(list, request->host);
	case BY_USER:
		return among(list, request->user);
	case BY_CWD:
		return among(list, request->cwd);
	case BY_MODE:
		return among(list, request->mode);
	case BY_HOURS:
		return in_hours(list, request->now);
	case BY_TASK:
		return among(list, request->task);
	case BY_ENV_KEPT:
		return kept(list, request, lets_pass);
	case ATTRIBUTES:
		break;
	}
	return MATCH_MAYBE;
}

enum match rule_applies(const struct rule *rule, const struct policy_request *request)
{
	enum match result = MATCH_YES;
	bool exempt = false, perhaps_exempt = false, any = false, approves = rule->verdict == VERDICT_APPROVE;
	/* They change what any command does: a rule that does not speak of them is not sure. */
	if (approves && request->n_env_kept && !rule->when[BY_ENV_KEPT].n)
		result = MATCH_MAYBE;
	for (int a = 0; a < ATTRIBUTES; a++) {
		if (rule->when[a].n) {
			enum match m = one(&rule->when[a], (enum attribute)a, request, approves);
			result = m < result ? m : result;
		}
		if (rule->unless[a].n) {
			enum match m = one(&rule->unless[a], (enum attribute)a, request, !approves);
			/* Every condition of `unless` must hold for the exemption. */
			exempt = (!any || exempt) && m == MATCH_YES;
			perhaps_exempt = (!any || perhaps_exempt) && m != MATCH_NO;
			any = true;
		}
	}
	if (any && exempt)
		return MATCH_NO;
	if (any && perhaps_exempt && result == MATCH_YES)
		return MATCH_MAYBE;
	return result;
}
