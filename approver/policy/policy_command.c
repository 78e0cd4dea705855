/* policy_command.c: what a simple command runs: itself, what it wraps, what find or bash -c is given, and
 * what its redirections write.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_judging.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8 };

static void judge_words(struct judging *j, const struct sh_command *command, const struct sh_word *words,
			size_t n, const struct place *place);

/* bash -c 'literal': the inner line is judged as if it stood here.  Not sh: that is dash or something else,
 * which reads `&>`, `[[` and more in ways of its own. */
static bool inner_line(const struct sh_word *words, size_t n)
{
	return n == 3 && words[0].certainty == SH_LITERAL && !strcmp(program_name(&words[0]), "bash") &&
	       words[1].certainty == SH_LITERAL && !strcmp(words[1].text, "-c") &&
	       words[2].certainty == SH_LITERAL && words[2].len == strlen(words[2].text);
}

/* One level further in, where the session's functions are not, or not certainly. */
static struct place within(const struct place *place)
{
	struct place inner = *place;
	inner.depth++;
	inner.elsewhere = true;
	return inner;
}

/* The command that a wrapper or find runs: its words, and what is put in place of {} or behind them, which
 * nobody knows beforehand. */
static void judge_run(struct judging *j, const struct sh_command *command, const struct sh_word *words,
		      size_t n, bool appended, bool braces, const struct place *place)
{
	struct place inner = within(place);
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
	judge_words(j, command, copy, n, &inner);
	free(copy);
}

/* find … -exec COMMAND ; runs COMMAND.  false: one of them is not closed. */
static bool judge_find(struct judging *j, const struct sh_command *command, const struct sh_word *words,
		       size_t n, const struct place *place)
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
		judge_run(j, command, words + i + 1, stop - i - 1, false, true, place);
		i = stop;
	}
	return true;
}

static void judge_inner_line(struct judging *j, const struct sh_word *words, size_t n,
			     const struct place *place)
{
	struct place inner = within(place);
	struct sh_script *script = sh_parse(words[2].text, words[2].len);
	j->failed |= !script;
	/* Strict rules may name bash itself. */
	judge_unit(j, words, n, place, NULL, RULE_WELCOME);
	if (script)
		judge_script(j, script, &inner);
	sh_script_free(script);
}

/* In a session the commands to come are on standard input. */
static bool input_is_sessions(const struct judging *j)
{
	const char *mode = j->request->mode;
	return mode && (!strcmp(mode, "stdin") || !strcmp(mode, "prompt") || !strcmp(mode, "source"));
}

/* $'\x6cs' is ls: whoever looks for names of functions in the text of a line does not see it. */
static bool escaped(const struct judging *j, const struct sh_word *word, const struct place *place)
{
	const char *text = place->inside ? place->inside->text : j->request->line;
	size_t len = place->inside ? place->inside->len : j->request->line_len;
	return !place->elsewhere && word->start < word->end && word->end <= len &&
	       memmem(text + word->start, word->end - word->start, "$'", 2);
}

static void judge_words(struct judging *j, const struct sh_command *command, const struct sh_word *words,
			size_t n, const struct place *place)
{
	const char *why;
	if (place->depth > MAX_DEPTH) {
		judge_unit(j, words, n, place, "wrapped too deeply", RULE_NEEDED);
		return;
	}
	if (n && input_is_sessions(j) && escaped(j, &words[0], place))
		reason(j, place, j->policy->otherwise, NULL, "the command's name is written in escapes");
	if (judge_text(j, command, words, n, place))
		return;
	if (n && inner_line(words, n)) {
		judge_inner_line(j, words, n, place);
		return;
	}
	size_t skip = wrapper_words(words, n, &why);
	if (skip) {
		bool xargs = wrapper_appends(words);
		if (xargs && !why && input_is_sessions(j))
			why = hazard_input(place->script, command, words, n);
		bool runs = skip < n && !why;
		/* Strict rules may name the wrapper itself; one that runs nothing is a command like others.
		 */
		judge_unit(j, words, n, place, why, runs ? RULE_WELCOME : RULE_NEEDED);
		if (runs)
			judge_run(j, command, words + skip, n - skip, xargs, xargs, place);
		return;
	}
	why = hazard(command, words, n);
	if (!why && input_is_sessions(j))
		why = hazard_input(place->script, command, words, n);
	if (n && !why && !strcmp(program_name(&words[0]), "find") && !judge_find(j, command, words, n, place))
		why = "an -exec that is not closed";
	judge_unit(j, words, n, place, why, n ? RULE_NEEDED : RULE_WELCOME);
}

static bool harmless_target(const struct sh_word *target)
{
	return target->certainty == SH_LITERAL &&
	       (!strcmp(target->text, "/dev/null") || !strcmp(target->text, "/dev/stdout") ||
		!strcmp(target->text, "/dev/stderr"));
}

static void judge_command(struct judging *j, const struct sh_command *command, const struct place *place)
{
	const char *why = hazard_assignments(command);
	if (why)
		reason(j, place, j->policy->otherwise, NULL, why);
	if (command->n_words)
		judge_words(j, command, command->words, command->n_words, place);
	for (size_t i = 0; i < command->n_redirects; i++) {
		const struct sh_redirect *redirect = &command->redirects[i];
		if ((redirect->kind != SH_WRITE && redirect->kind != SH_APPEND) ||
		    harmless_target(&redirect->target))
			continue;
		struct sh_word unit[2] = {{(char *)(size_t) ">", 1, SH_LITERAL, false, 0, 0},
					  redirect->target};
		bool network = !strncmp(redirect->target.text, "/dev/tcp", 8) ||
			       !strncmp(redirect->target.text, "/dev/udp", 8);
		judge_unit(j, unit, 2, place, network ? "writes to the network" : NULL, RULE_NEEDED);
	}
}

/* After a `cd` nobody knows where the rest of the line runs: a rule that asks for a directory is not sure of
 * it. */
static void look_for_moves(struct judging *j, const struct sh_script *script)
{
	if (!has_word(script, "cd") && !has_word(script, "pushd") && !has_word(script, "popd"))
		return;
	struct policy_request somewhere = *j->request;
	somewhere.cwd = NULL;
	for (size_t r = 0; r < j->policy->n_rules; r++)
		j->applies[r] = rule_applies(&j->policy->rules[r], &somewhere);
}

/* The place of what begins and ends there in the script. */
static struct place at(const struct place *place, const struct sh_script *script, size_t start, size_t end)
{
	struct place here = *place;
	here.script = script;
	if (!place->depth) {
		here.start = start;
		here.end = end;
	} else if (place->inside && script == place->inside->script) {
		here.from = start;
		here.to = end;
	}
	return here;
}

void judge_script(struct judging *j, const struct sh_script *script, const struct place *place)
{
	const struct policy *policy = j->policy;
	look_for_moves(j, script);
	for (size_t i = 0; !place->depth && i < j->n_texts; i++)
		if (j->texts[i].script)
			look_for_moves(j, j->texts[i].script);
	for (size_t i = 0; i < script->n_doubts; i++) {
		const struct place here = at(place, script, script->doubts[i].start, script->doubts[i].end);
		reason(j, &here, policy->otherwise, NULL, script->doubts[i].why);
	}
	for (size_t i = 0; i < script->n_commands; i++) {
		const struct sh_command *command = &script->commands[i];
		const struct place here = at(place, script, command->start, command->end);
		judge_command(j, command, &here);
	}
	/* Nothing that was not understood may slip by a rule that is strict about the line as text. */
	const struct place whole = {.depth = place->depth};
	for (size_t r = 0; script->n_doubts && r < policy->n_rules; r++)
		if (policy->rules[r].line_matches && j->expression[r] != MATCH_NO)
			speak(j, &policy->rules[r], least(MATCH_MAYBE, j->applies[r]), &whole);
}
