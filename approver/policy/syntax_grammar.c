/* syntax_grammar.c: lists, pipelines, compound commands, functions.
 *
 * Recursive descent over bash's grammar (Bash Reference Manual, 3.2).  Reserved words count only unquoted and
 * where a command may begin.  What ends a list is looked for there too: `done` is a word like any other after
 * `echo`.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <stdlib.h>
#include <string.h>

static const char *const enders[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}", NULL};

bool at_reserved(const struct parser *p, const char *word)
{
	size_t len = strlen(word);
	return p->at < p->end && p->end - p->at >= len && !memcmp(p->s + p->at, word, len) &&
	       ends_word(peek(p, len));
}

void skip_lines(struct parser *p)
{
	while (!p->stopped) {
		skip_blanks(p);
		if (peek(p, 0) == '\n') {
			newline(p);
		} else if (peek(p, 0) == '#') {
			while (p->at < p->end && p->s[p->at] != '\n')
				p->at++;
		} else {
			return;
		}
	}
}

static bool at_ender(const struct parser *p)
{
	for (const char *const *word = enders; *word; word++)
		if (at_reserved(p, *word))
			return true;
	return false;
}

static void expect(struct parser *p, const char *word, size_t start)
{
	skip_lines(p);
	if (p->stopped)
		return;
	if (at_reserved(p, word))
		p->at += strlen(word);
	else
		give_up(p, start, "a compound command that is not understood");
}

static void read_if(struct parser *p, size_t start)
{
	read_list(p, 0);
	expect(p, "then", start);
	read_list(p, 0);
	while (!p->stopped && at_reserved(p, "elif")) {
		p->at += 4;
		read_list(p, 0);
		expect(p, "then", start);
		read_list(p, 0);
	}
	if (!p->stopped && at_reserved(p, "else")) {
		p->at += 4;
		read_list(p, 0);
	}
	expect(p, "fi", start);
}

static void read_do_group(struct parser *p, size_t start)
{
	expect(p, "do", start);
	read_list(p, 0);
	expect(p, "done", start);
}

static void read_loop(struct parser *p, size_t start)
{
	read_list(p, 0);
	read_do_group(p, start);
}

/* The loop's variable is an assignment like others: what it may be called is the rules' business. */
static void add_loop_variable(struct parser *p, const char *name, size_t len, size_t start)
{
	struct sh_command *command = new_command(p, start);
	if (!command || !grow(p, (void **)&command->assignments, 0, sizeof *command->assignments))
		return;
	struct sh_word value = {.text = strdup(""), .certainty = SH_ONE, .start = start, .end = p->at};
	command->assignments[0] = (struct sh_assignment){strndup(name, len), false, value};
	command->n_assignments = 1;
	command->end = p->at;
	if (!command->assignments[0].name || !value.text)
		p->no_memory = p->stopped = true;
}

static void read_for(struct parser *p, size_t start)
{
	skip_blanks(p);
	size_t len = name_at(p, p->at), at = p->at;
	if (!len || !ends_word(peek(p, len)) || peek(p, len) == '(') {
		give_up(p, start, "a for loop over arithmetic or something else");
		return;
	}
	p->at += len;
	add_loop_variable(p, p->s + at, len, start);
	skip_lines(p);
	if (!p->stopped && at_reserved(p, "in")) {
		p->at += 2;
		for (;;) {
			struct sh_word word;
			skip_blanks(p);
			char c = peek(p, 0);
			if (p->stopped || (ends_word(c) && !((c == '<' || c == '>') && peek(p, 1) == '(')) ||
			    c == '#')
				break;
			read_word(p, IN_COMMAND, &word);
			word_finish(&word);
		}
	}
	skip_blanks(p);
	if (!p->stopped && peek(p, 0) == ';')
		p->at++;
	read_do_group(p, start);
}

/* pattern | pattern ): patterns are words that are compared, not run. */
static void read_patterns(struct parser *p, size_t start)
{
	if (peek(p, 0) == '(')
		p->at++;
	for (;;) {
		struct sh_word word;
		skip_blanks(p);
		if (p->stopped || ends_word(peek(p, 0))) {
			give_up(p, start, "a case that is not understood");
			return;
		}
		read_word(p, IN_PATTERN, &word);
		word_finish(&word);
		skip_blanks(p);
		char c = peek(p, 0);
		p->at += p->at < p->end;
		if (p->stopped || c == ')')
			return;
		if (c != '|') {
			give_up(p, start, "a case that is not understood");
			return;
		}
	}
}

static void read_case(struct parser *p, size_t start)
{
	struct sh_word word;
	skip_blanks(p);
	if (p->stopped || ends_word(peek(p, 0))) {
		give_up(p, start, "a case that is not understood");
		return;
	}
	read_word(p, IN_PATTERN, &word);
	word_finish(&word);
	expect(p, "in", start);
	for (;;) {
		skip_lines(p);
		if (p->stopped || at_reserved(p, "esac"))
			break;
		read_patterns(p, start);
		read_list(p, 0);
		skip_lines(p);
		if (!p->stopped && peek(p, 0) == ';' && (peek(p, 1) == ';' || peek(p, 1) == '&'))
			p->at += peek(p, 1) == ';' && peek(p, 2) == '&' ? 3 : 2;
		else if (!p->stopped && !at_reserved(p, "esac"))
			give_up(p, start, "a case that is not understood");
	}
	expect(p, "esac", start);
}

static void read_group(struct parser *p, size_t start)
{
	read_list(p, 0);
	expect(p, "}", start);
}

static void read_subshell(struct parser *p, size_t start)
{
	read_list(p, ')');
	if (!p->stopped && peek(p, 0) != ')')
		give_up(p, start, "a subshell that is not closed");
	else if (!p->stopped)
		p->at++;
}

static const struct {
	const char *word;
	void (*read)(struct parser *, size_t);
} compounds[] = {{"if", read_if},     {"while", read_loop}, {"until", read_loop}, {"for", read_for},
		 {"case", read_case}, {"{", read_group},    {"[[", read_test}};

/* One compound command without what follows it; false when there is none at p->at. */
static bool compound_body(struct parser *p)
{
	size_t start = p->at;
	if (peek(p, 0) == '(') {
		p->at++;
		if (peek(p, 0) == '(')
			give_up(p, start, "arithmetic, or a subshell inside another");
		else
			read_subshell(p, start);
		return true;
	}
	for (size_t i = 0; i < sizeof compounds / sizeof *compounds; i++) {
		if (!at_reserved(p, compounds[i].word))
			continue;
		p->at += strlen(compounds[i].word);
		compounds[i].read(p, start);
		return true;
	}
	return false;
}

static void function_body(struct parser *p, size_t start, size_t name, size_t len)
{
	add_function(p, p->s + name, len);
	skip_lines(p);
	if (p->stopped)
		return;
	if (at_reserved(p, "[[") || !compound_body(p))
		give_up(p, start, "a function whose body is not a group");
	else
		read_redirects_after(p, start);
}

/* name() or function name: true when there is one. */
static bool read_function(struct parser *p)
{
	size_t start = p->at, name = p->at, len;
	bool keyword = at_reserved(p, "function");
	if (keyword) {
		p->at += 8;
		skip_blanks(p);
		name = p->at;
	}
	for (len = 0; !ends_word(peek(p, len)); len++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:+",
			    peek(p, len)))
			break;
	size_t after = len;
	while (peek(p, after) == ' ' || peek(p, after) == '\t')
		after++;
	bool parentheses = peek(p, after) == '(';
	if (!keyword && !(len && parentheses && ends_word(peek(p, len))))
		return false;
	bool glob = len && peek(p, len - 1) == '+' && peek(p, len) == '('; /* with extglob, a word */
	if (!len || !ends_word(peek(p, len)) || glob) {
		give_up(p, start, "a function whose name is not plain");
		return true;
	}
	p->at += len;
	if (parentheses) {
		p->at = name + after + 1;
		skip_blanks(p);
		if (peek(p, 0) != ')') {
			give_up(p, start, "a parenthesis in a word");
			return true;
		}
		p->at++;
	}
	function_body(p, start, name, len);
	return true;
}

void read_compound(struct parser *p)
{
	size_t start = p->at, feeder = p->feeder, simple = 0, n = p->script->n_commands;
	p->feeder = p->simple = 0;
	if (!enter(p, start)) {
		leave(p);
		return;
	}
	if (at_reserved(p, "select") || at_reserved(p, "coproc")) {
		give_up(p, start, "select and coproc are not understood");
	} else if (compound_body(p)) {
		if (!p->stopped)
			read_redirects_after(p, start);
	} else if (!read_function(p)) {
		read_simple(p);
		simple = p->script->n_commands > n ? p->script->n_commands : 0;
		if (simple)
			p->script->commands[simple - 1].feeder = feeder;
	}
	p->simple = simple;
	leave(p);
}

/* ! and time before a pipeline. */
static void skip_prefixes(struct parser *p)
{
	for (;;) {
		if (at_reserved(p, "!")) {
			if (peek(p, 1) == '(') /* with extglob, a word */
				give_up(p, p->at, "an extended glob");
			p->at++;
		} else if (at_reserved(p, "time")) {
			p->at += 4;
			skip_blanks(p);
			if (at_reserved(p, "-p"))
				p->at += 2;
			else if (peek(p, 0) == '-')
				give_up(p, p->at, "time with an option");
		} else {
			return;
		}
		skip_blanks(p);
		if (p->stopped)
			return;
	}
}

/* After a command: move over what joins it to the next; false at the list's end. */
static bool read_joint(struct parser *p)
{
	char c = peek(p, 0), next = peek(p, 1);
	if (c == '#') {
		skip_lines(p);
		return true;
	}
	if (c == '\n') {
		newline(p);
		return true;
	}
	if ((c == '&' || c == '|') && next == c) {
		p->at += 2;
		skip_lines(p);
		return true;
	}
	if (c == '|') {
		p->at += next == '&' ? 2 : 1;
		skip_lines(p);
		return true;
	}
	if (c == '&' || (c == ';' && next != ';' && next != '&')) {
		p->at++;
		return true;
	}
	return false;
}

void read_list(struct parser *p, char stop)
{
	size_t start = p->at, feeder = 0;
	if (!enter(p, start)) {
		leave(p);
		return;
	}
	for (;;) {
		skip_lines(p);
		if (p->stopped || p->at >= p->end || (stop && peek(p, 0) == stop) || at_ender(p))
			break;
		if (peek(p, 0) == ';' && p->at > start)
			break;
		size_t before = p->at;
		p->feeder = feeder;
		skip_prefixes(p);
		if (!p->stopped && !at_ender(p))
			read_compound(p);
		if (p->stopped)
			break;
		skip_blanks(p);
		bool moved = p->at > before;
		feeder = peek(p, 0) == '|' && peek(p, 1) != '|' ? p->simple : 0;
		if (!read_joint(p)) {
			if (!moved)
				give_up(p, before, "a line that is not understood");
			break;
		}
	}
	leave(p);
	/* A list ends at its stop, at a word that ends a compound command, or at the end of the region. */
	if (!p->stopped && p->at < p->end && p->level == 0 && p->depth == 0)
		give_up(p, p->at, "a line that is not understood");
}
