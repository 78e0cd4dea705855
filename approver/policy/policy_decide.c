/* policy_decide.c: the verdict on one request.
 *
 * The line is parsed into simple commands; each is a unit that some approving rule must cover.  A redirection
 * that writes is a unit of its own: ">" and its path.  A wrapper's inner command is a unit too, and the outer
 * one must not hide it from rules that are strict.  Strictest wins; what is not sure is for a person.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include "common/buf.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8 };

struct judging {
	const struct policy *policy;
	const struct policy_request *request;
	struct policy_decision *decision;
	enum match *applies;    /* of each rule */
	enum match *expression; /* of each rule's line_matches */
	bool failed;
};

static void reason(struct judging *j, size_t start, size_t end, enum verdict verdict, const struct rule *rule,
		   const char *text)
{
	struct policy_decision *d = j->decision;
	struct policy_reason *more =
	    d->n_reasons < 256 ? realloc(d->reasons, (d->n_reasons + 1) * sizeof *more) : NULL;
	if (more) {
		struct buf shown = BUF_INIT;
		if (end > start && end <= j->request->line_len) {
			size_t len = end - start < 80 ? end - start : 80;
			visible_add(&shown, j->request->line + start, len);
			buf_adds(&shown, len < end - start ? "…: " : ": ");
		}
		buf_adds(&shown, text);
		d->reasons = more;
		d->reasons[d->n_reasons++] = (struct policy_reason){
		    start, end, verdict, rule ? strdup(rule->name) : NULL, buf_take(&shown)};
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

static enum match expression_match(const struct rule *rule, const struct policy_request *request)
{
	if (!rule->line_matches)
		return MATCH_YES;
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int found = PCRE2_ERROR_NOMEMORY;
	if (data && context) {
		pcre2_set_match_limit(context, 100000);
		pcre2_set_depth_limit(context, 1000);
		found = pcre2_match(rule->line_matches, (PCRE2_SPTR)request->line, request->line_len, 0, 0,
				    data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	/* A limit that was hit says nothing: maybe. */
	return found >= 0 ? MATCH_YES : found == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_MAYBE;
}

static enum match least(enum match a, enum match b)
{
	return a < b ? a : b;
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

/* A rule that is strict speaks on yes; on maybe it asks a person. */
static void speak(struct judging *j, const struct rule *rule, enum match m, size_t start, size_t end)
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
	reason(j, start, end, verdict, rule, m == MATCH_YES ? "matches this rule" : "may match this rule");
}

static void judge_unit(struct judging *j, const struct sh_word *words, size_t n, size_t start, size_t end,
		       const char *danger, bool free_pass)
{
	const struct rule *covered = NULL;
	bool spoken = false; /* a rule that reviews or denies covers it as well */
	for (size_t r = 0; r < j->policy->n_rules; r++) {
		const struct rule *rule = &j->policy->rules[r];
		if (!rule->n_patterns)
			continue;
		enum match m = rule_match(j, r, words, n);
		if (rule->verdict == VERDICT_APPROVE && m == MATCH_YES && !rule->shadow && !covered)
			covered = rule;
		spoken |= rule->verdict != VERDICT_APPROVE && m == MATCH_YES && !rule->shadow;
		speak(j, rule, m, start, end);
	}
	if (spoken)
		return;
	if (danger)
		reason(j, start, end, j->policy->otherwise, NULL, danger);
	else if (covered)
		reason(j, start, end, VERDICT_APPROVE, covered, "covered by this rule");
	else if (!free_pass)
		reason(j, start, end, j->policy->otherwise, NULL, "no rule covers it");
}

/* bash -c 'literal': the inner line is judged as if it stood here.  Not sh: that is dash or something else,
 * which reads `&>`, `[[` and more in ways of its own. */
static bool inner_line(const struct sh_word *words, size_t n)
{
	return n == 3 && words[0].certainty == SH_LITERAL && !strcmp(program_name(&words[0]), "bash") &&
	       words[1].certainty == SH_LITERAL && !strcmp(words[1].text, "-c") &&
	       words[2].certainty == SH_LITERAL && words[2].len == strlen(words[2].text);
}

static void judge_script(struct judging *j, const struct sh_script *script, size_t start, size_t end,
			 int depth);
static void judge_words(struct judging *j, const struct sh_command *command, const struct sh_word *words,
			size_t n, int depth, size_t start, size_t end);

/* The command that a wrapper or find runs: its words, and what is put in place of {} or behind them, which
 * nobody knows beforehand. */
static void judge_run(struct judging *j, const struct sh_command *command, const struct sh_word *words,
		      size_t n, bool appended, bool braces, int depth, size_t start, size_t end)
{
	struct sh_word *copy = calloc(n + 1, sizeof *copy);
	j->failed |= !copy;
	if (!copy)
		return;
	memcpy(copy, words, n * sizeof *copy);
	for (size_t i = 0; braces && i < n; i++)
		if (copy[i].certainty == SH_LITERAL && strstr(copy[i].text, "{}"))
			copy[i] = (struct sh_word){(char *)(size_t) "", 0, SH_ANY, false, 0, 0};
	if (appended)
		copy[n++] = (struct sh_word){(char *)(size_t) "", 0, SH_ANY, false, 0, 0};
	judge_words(j, command, copy, n, depth + 1, start, end);
	free(copy);
}

/* find … -exec COMMAND ; runs COMMAND.  false: one of them is not closed. */
static bool judge_find(struct judging *j, const struct sh_command *command, const struct sh_word *words,
		       size_t n, int depth, size_t start, size_t end)
{
	for (size_t i = 1; i < n; i++) {
		if (words[i].certainty != SH_LITERAL || strcmp(words[i].text, "-exec"))
			continue;
		size_t stop = i + 1;
		while (stop < n && !(words[stop].certainty == SH_LITERAL &&
				     (!strcmp(words[stop].text, ";") || !strcmp(words[stop].text, "+"))))
			stop++;
		if (stop == n || stop == i + 1)
			return false;
		judge_run(j, command, words + i + 1, stop - i - 1, false, true, depth, start, end);
		i = stop;
	}
	return true;
}

static void judge_words(struct judging *j, const struct sh_command *command, const struct sh_word *words,
			size_t n, int depth, size_t start, size_t end)
{
	const char *why;
	if (depth > MAX_DEPTH) {
		judge_unit(j, words, n, start, end, "wrapped too deeply", false);
		return;
	}
	if (n && inner_line(words, n)) {
		struct sh_script *script = sh_parse(words[2].text, words[2].len);
		j->failed |= !script;
		/* Strict rules may name bash itself. */
		judge_unit(j, words, n, start, end, NULL, true);
		if (script)
			judge_script(j, script, start, end, depth + 1);
		sh_script_free(script);
		return;
	}
	size_t skip = wrapper_words(words, n, &why);
	if (skip) {
		bool runs = skip < n && !why;
		/* Strict rules may name the wrapper itself; one that runs nothing is a command like others.
		 */
		judge_unit(j, words, n, start, end, why, runs);
		bool xargs = wrapper_appends(words);
		if (runs)
			judge_run(j, command, words + skip, n - skip, xargs, xargs, depth, start, end);
		return;
	}
	why = hazard(command, words, n);
	if (n && !why && !strcmp(program_name(&words[0]), "find") &&
	    !judge_find(j, command, words, n, depth, start, end))
		why = "an -exec that is not closed";
	judge_unit(j, words, n, start, end, why, n == 0);
}

/* After a `cd` nobody knows where the rest of the line runs: a rule that asks for a directory is not sure of
 * it. */
static void look_for_moves(struct judging *j, const struct sh_script *script)
{
	static const char *const movers[] = {"cd", "pushd", "popd"};
	bool moves = false;
	for (size_t i = 0; i < script->n_commands; i++)
		for (size_t w = 0; w < script->commands[i].n_words; w++)
			for (size_t m = 0; m < sizeof movers / sizeof *movers; m++)
				moves |= !strcmp(script->commands[i].words[w].text, movers[m]);
	struct policy_request somewhere = *j->request;
	somewhere.cwd = NULL;
	for (size_t r = 0; moves && r < j->policy->n_rules; r++)
		j->applies[r] = rule_applies(&j->policy->rules[r], &somewhere);
}

static bool harmless_target(const struct sh_word *target)
{
	return target->certainty == SH_LITERAL &&
	       (!strcmp(target->text, "/dev/null") || !strcmp(target->text, "/dev/stdout") ||
		!strcmp(target->text, "/dev/stderr"));
}

static void judge_command(struct judging *j, const struct sh_command *command, size_t start, size_t end,
			  int depth)
{
	const char *why = hazard_assignments(command);
	if (why)
		reason(j, start, end, j->policy->otherwise, NULL, why);
	if (command->n_words)
		judge_words(j, command, command->words, command->n_words, depth, start, end);
	for (size_t i = 0; i < command->n_redirects; i++) {
		const struct sh_redirect *redirect = &command->redirects[i];
		if ((redirect->kind != SH_WRITE && redirect->kind != SH_APPEND) ||
		    harmless_target(&redirect->target))
			continue;
		struct sh_word unit[2] = {{(char *)(size_t) ">", 1, SH_LITERAL, false, 0, 0},
					  redirect->target};
		bool network = !strncmp(redirect->target.text, "/dev/tcp", 8) ||
			       !strncmp(redirect->target.text, "/dev/udp", 8);
		judge_unit(j, unit, 2, start, end, network ? "writes to the network" : NULL, false);
	}
}

static void judge_script(struct judging *j, const struct sh_script *script, size_t start, size_t end,
			 int depth)
{
	look_for_moves(j, script);
	for (size_t i = 0; i < script->n_doubts; i++)
		reason(j, depth ? start : script->doubts[i].start, depth ? end : script->doubts[i].end,
		       j->policy->otherwise, NULL, script->doubts[i].why);
	for (size_t i = 0; i < script->n_commands; i++) {
		const struct sh_command *command = &script->commands[i];
		judge_command(j, command, depth ? start : command->start, depth ? end : command->end, depth);
	}
	/* Nothing that was not understood may slip by a rule that is strict about the line as text. */
	for (size_t r = 0; script->n_doubts && r < j->policy->n_rules; r++)
		if (j->policy->rules[r].line_matches && j->expression[r] != MATCH_NO)
			speak(j, &j->policy->rules[r], least(MATCH_MAYBE, j->applies[r]), 0, 0);
}

int policy_decide(const struct policy *policy, const struct policy_request *request,
		  struct policy_decision *decision)
{
	*decision = (struct policy_decision){.verdict = VERDICT_APPROVE, .reviewers = {1, false}};
	struct judging j = {policy, request, decision, NULL, NULL, false};
	j.applies = calloc(policy->n_rules + 1, sizeof *j.applies);
	j.expression = calloc(policy->n_rules + 1, sizeof *j.expression);
	struct sh_script *script = sh_parse(request->line, request->line_len);
	j.failed = !j.applies || !j.expression || !script;
	for (size_t r = 0; !j.failed && r < policy->n_rules; r++) {
		j.applies[r] = rule_applies(&policy->rules[r], request);
		j.expression[r] = expression_match(&policy->rules[r], request);
		/* A rule without commands speaks of the line as a whole. */
		if (!policy->rules[r].n_patterns)
			speak(&j, &policy->rules[r], least(j.applies[r], j.expression[r]), 0, 0);
	}
	if (!j.failed)
		judge_script(&j, script, 0, request->line_len, 0);
	if (!j.failed && request->n_env_kept && !decision->rule)
		reason(&j, 0, 0, VERDICT_REVIEW, NULL, "variables that load code were kept (keep_env)");
	if (!j.failed && !decision->rule)
		reason(&j, 0, 0, VERDICT_APPROVE, NULL, "runs nothing outside the shell");
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
