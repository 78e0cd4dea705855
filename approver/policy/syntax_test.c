/* syntax_test.c: [[ … ]]: runs nothing by itself, but evaluates arithmetic where one asks it to.
 *
 * Words are neither split nor globbed here.  -eq and its kin, and -v, evaluate their operands as arithmetic,
 * which may run substitutions hidden in variables: they are understood for plain numbers only.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <string.h>

static bool is(const struct sh_word *word, const char *text)
{
	return word->certainty == SH_LITERAL && word->text && !strcmp(word->text, text);
}

static bool plain_number(const struct sh_word *word)
{
	if (word->certainty != SH_LITERAL || !word->len || word->len > 18)
		return false;
	for (size_t i = 0; i < word->len; i++)
		if (!(word->text[i] >= '0' && word->text[i] <= '9') &&
		    !(i == 0 && word->text[i] == '-' && word->len > 1))
			return false;
	return true;
}

static bool numeric_operator(const struct sh_word *word)
{
	static const char *const names[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is(word, names[i]))
			return true;
	return false;
}

static void skip_space(struct parser *p)
{
	while (!p->stopped && (skip_blanks(p) || peek(p, 0) == '\n'))
		if (peek(p, 0) == '\n')
			newline(p);
}

/* The right side of =~: a regular expression may hold unquoted parentheses and bars. */
static void read_regex(struct parser *p, size_t start)
{
	struct sh_word word;
	int open = 0;
	while (!p->stopped && p->at < p->end) {
		char c = peek(p, 0);
		if (c == '(' || c == '|') {
			open += c == '(';
			p->at++;
		} else if (c == ')' && open) {
			open--;
			p->at++;
		} else if (ends_word(c)) {
			break;
		} else {
			read_word(p, IN_PATTERN, &word);
			word_finish(&word);
		}
	}
	if (open && !p->stopped)
		give_up(p, start, "a regular expression that is not understood");
}

/* One token: an operator of one or two bytes, or a word. */
static void read_token(struct parser *p, size_t start, struct sh_word *word)
{
	char c = peek(p, 0);
	*word = (struct sh_word){.start = p->at, .end = p->at};
	if ((c == '&' || c == '|') && peek(p, 1) == c) {
		p->at += 2;
	} else if (c == '(' || c == ')' || ((c == '<' || c == '>') && peek(p, 1) != '(')) {
		p->at++;
	} else if (c != '<' && c != '>' && ends_word(c)) {
		give_up(p, start, "a [[ that is not understood");
	} else {
		read_word(p, IN_PATTERN, word);
	}
}

void read_test(struct parser *p, size_t start)
{
	struct sh_word before = {0};
	bool number_wanted = false;
	for (;;) {
		struct sh_word word;
		skip_space(p);
		if (!p->stopped && p->at >= p->end)
			give_up(p, start, "a [[ that is not closed");
		if (p->stopped)
			break;
		read_token(p, start, &word);
		if (p->stopped || is(&word, "]]")) {
			word_finish(&word);
			break;
		}
		if (number_wanted && !plain_number(&word))
			doubt(p, word.start, "a comparison of numbers that bash evaluates");
		number_wanted = numeric_operator(&word);
		if (number_wanted && !plain_number(&before))
			doubt(p, before.start, "a comparison of numbers that bash evaluates");
		if (is(&word, "-v") || is(&word, "-R"))
			doubt(p, word.start, "a test of a name that bash evaluates");
		if (is(&word, "=~")) {
			skip_space(p);
			read_regex(p, start);
		}
		word_finish(&before);
		before = word;
	}
	word_finish(&before);
}
