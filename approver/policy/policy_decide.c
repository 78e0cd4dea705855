/* policy_decide.c: the verdict on one request.
 *
 * The line is parsed into simple commands; each is a unit that some approving rule must cover.  A redirection
 * that writes is a unit of its own: ">" and its path.  A wrapper's inner command is a unit too, and the outer
 * one must not hide it from rules that are strict.  Strictest wins; what is not sure is for a person.  What
 * the session has changed of a line's meaning comes first: see policy_changed.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_judging.h"
#include "common/buf.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* What of the line it is about, and what of a text that the line runs. */
static void shown_add(struct buf *out, const char *text, size_t text_len, size_t start, size_t end)
{
	if (end <= start || end > text_len)
		return;
	size_t len = end - start < 80 ? end - start : 80;
	visible_add(out, text + start, len);
	buf_adds(out, len < end - start ? "…: " : ": ");
}

void reason(struct judging *j, const struct place *place, enum verdict verdict, const struct rule *rule,
	    const char *text)
{
	struct policy_decision *d = j->decision;
	struct policy_reason *more =
	    d->n_reasons < 256 ? realloc(d->reasons, (d->n_reasons + 1) * sizeof *more) : NULL;
	if (more) {
		struct buf shown = BUF_INIT;
		shown_add(&shown, j->request->line, j->request->line_len, place->start, place->end);
		if (place->inside && place->to) {
			buf_addf(&shown, "in the %s ", place->inside->what);
			visible_add(&shown, place->inside->name, strnlen(place->inside->name, 80));
			buf_adds(&shown, ": ");
			shown_add(&shown, place->inside->text, place->inside->len, place->from, place->to);
		}
		buf_adds(&shown, text);
		d->reasons = more;
		d->reasons[d->n_reasons++] = (struct policy_reason){
		    place->start, place->end, verdict, rule ? strdup(rule->name) : NULL, buf_take(&shown)};
	}
	if (verdict <= d->verdict && d->rule)
		return;
	/* The first of the strictest is what the agent is told. */
	free(d->rule);
	free(d->reason);
	d->verdict = verdict;
	d->rule = strdup(rule ? rule->name : "default");
	d->reason = more ? strdup(d->reasons[d->n_reasons - 1].text) : strdup(text);
	j->failed |= !d->rule || !d->reason;
}

static enum match text_match(const struct rule *rule, const char *text, size_t len)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int found = PCRE2_ERROR_NOMEMORY;
	if (data && context) {
		pcre2_set_match_limit(context, 100000);
		pcre2_set_depth_limit(context, 1000);
		found = pcre2_match(rule->line_matches, (PCRE2_SPTR)text, len, 0, 0, data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	/* A limit that was hit says nothing: maybe. */
	return found >= 0 ? MATCH_YES : found == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_MAYBE;
}

/* A strict rule speaks when the line, or any text that the session adds to it, matches; one that approves
 * only when all of them do. */
static enum match expression_match(const struct rule *rule, const struct policy_request *request)
{
	const struct policy_session *session = request->session;
	bool approves = rule->verdict == VERDICT_APPROVE;
	if (!rule->line_matches)
		return MATCH_YES;
	enum match best = text_match(rule, request->line, request->line_len), m;
	for (size_t i = 0; session && i < session->n_changes; i++) {
		const struct session_change *change = &session->changes[i];
		if (!change->text)
			continue;
		m = text_match(rule, change->text, change->len);
		best = approves == (m < best) ? m : best;
	}
	for (size_t i = 0; session && i < session->n_files; i++) {
		m = text_match(rule, session->files[i].text, session->files[i].len);
		best = approves == (m < best) ? m : best;
	}
	return best;
}

static enum match rule_match(const struct judging *j, size_t r, const struct sh_word *words, size_t n)
{
	const struct rule *rule = &j->policy->rules[r];
	enum match best = MATCH_NO;
	for (size_t p = 0; p < rule->n_patterns && best != MATCH_YES; p++) {
		enum match m = pattern_match(&rule->patterns[p], words, n, j->request->steps);
		best = m > best ? m : best;
	}
	return least(best, least(j->applies[r], j->expression[r]));
}

void speak(struct judging *j, const struct rule *rule, enum match m, const struct place *place)
{
	if (m == MATCH_NO || rule->verdict == VERDICT_APPROVE)
		return;
	struct policy_decision *d = j->decision;
	if (rule->shadow) {
		struct policy_shadow *more = realloc(d->shadows, (d->n_shadows + 1) * sizeof *more);
		if (more) {
			d->shadows = more;
			d->shadows[d->n_shadows++] =
			    (struct policy_shadow){strdup(rule->name), rule->verdict};
		}
		return;
	}
	enum verdict verdict = m == MATCH_YES ? rule->verdict : VERDICT_REVIEW;
	if (verdict == VERDICT_REVIEW && rule->verdict == VERDICT_REVIEW) {
		if (rule->reviewers.count > d->reviewers.count)
			d->reviewers.count = rule->reviewers.count;
		d->reviewers.not_in_chain |= rule->reviewers.not_in_chain;
	}
	reason(j, place, verdict, rule, m == MATCH_YES ? "matches this rule" : "may match this rule");
}

void judge_unit(struct judging *j, const struct sh_word *words, size_t n, const struct place *place,
		const char *danger, enum need need)
{
	const struct rule *covered = NULL;
	bool spoken = false; /* a rule that reviews or denies covers it as well */
	for (size_t r = 0; r < j->policy->n_rules; r++) {
		const struct rule *rule = &j->policy->rules[r];
		if (!rule->n_patterns)
			continue;
		enum match m = rule_match(j, r, words, n);
		if (rule->verdict == VERDICT_APPROVE && m == MATCH_YES && !rule->shadow && !covered &&
		    need != RULE_STRICT)
			covered = rule;
		spoken |= rule->verdict != VERDICT_APPROVE && m == MATCH_YES && !rule->shadow;
		speak(j, rule, m, place);
	}
	if (spoken)
		return;
	if (danger)
		reason(j, place, j->policy->otherwise, NULL, danger);
	else if (covered)
		reason(j, place, VERDICT_APPROVE, covered, "covered by this rule");
	else if (need == RULE_NEEDED)
		reason(j, place, j->policy->otherwise, NULL, "no rule covers it");
}

int policy_decide(const struct policy *policy, const struct policy_request *request,
		  struct policy_decision *decision)
{
	*decision = (struct policy_decision){.verdict = VERDICT_APPROVE, .reviewers = {1, false}};
	struct judging j = {.policy = policy, .request = request, .decision = decision};
	const struct place whole = {0};
	j.applies = calloc(policy->n_rules + 1, sizeof *j.applies);
	j.expression = calloc(policy->n_rules + 1, sizeof *j.expression);
	struct sh_script *script = sh_parse(request->line, request->line_len);
	j.failed = !j.applies || !j.expression || !script || !session_open(&j, script);
	for (size_t r = 0; !j.failed && r < policy->n_rules; r++) {
		j.applies[r] = rule_applies(&policy->rules[r], request);
		j.expression[r] = expression_match(&policy->rules[r], request);
		/* A rule without commands speaks of the line as a whole. */
		if (!policy->rules[r].n_patterns)
			speak(&j, &policy->rules[r], least(j.applies[r], j.expression[r]), &whole);
	}
	if (!j.failed)
		judge_changes(&j);
	if (!j.failed)
		judge_script(&j, script, &whole);
	if (!j.failed && request->n_env_kept && !decision->rule)
		reason(&j, &whole, VERDICT_REVIEW, NULL, "variables that load code were kept (keep_env)");
	if (!j.failed && !decision->rule)
		reason(&j, &whole, VERDICT_APPROVE, NULL, "runs nothing outside the shell");
	session_close(&j);
	sh_script_free(script);
	free(j.applies);
	free(j.expression);
	if (!j.failed)
		return 0;
	policy_decision_finish(decision);
	return -1;
}

void policy_decision_finish(struct policy_decision *decision)
{
	for (size_t i = 0; i < decision->n_reasons; i++) {
		free(decision->reasons[i].rule);
		free(decision->reasons[i].text);
	}
	for (size_t i = 0; i < decision->n_shadows; i++)
		free(decision->shadows[i].rule);
	free(decision->reasons);
	free(decision->shadows);
	free(decision->rule);
	free(decision->reason);
	*decision = (struct policy_decision){0};
}
