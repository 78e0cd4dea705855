/* syntax_expansion.c: $name, ${…}, $(…), $((…)), $'…' and `…`.
 *
 * What makes these dangerous is arithmetic: bash evaluates a variable that it meets there as an expression
 * again, and an array subscript in it may hold a command substitution.  `x='a[$(evil)]'; echo $((x))` runs
 * evil, and x may come from the environment.  So arithmetic is understood only when it holds no name.  The
 * same goes for ${x:offset}, subscripts, ${!x} and ${x@P}.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <string.h>

static bool name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* bash 5.2 prints what it parsed in a substitution and parses that text again when it runs it, and a
 * here-document with commands after it is printed wrongly: `x ; y` came out as `x y`.  So nothing may follow
 * the body. */
static void check_after_body(struct parser *p, size_t start)
{
	for (size_t i = p->body_end; i && i < p->at; i++)
		if (!strchr(" \t\n", p->s[i])) {
			doubt(p, start, "commands after a here-document inside a substitution");
			return;
		}
}

void read_substitution(struct parser *p, size_t start)
{
	size_t outer = p->body_end;
	if (enter(p, start)) {
		p->body_end = 0;
		p->level++;
		read_list(p, ')');
		p->level--;
		if (!p->stopped && peek(p, 0) != ')')
			give_up(p, start, "a substitution that is not closed");
		if (!p->stopped) {
			check_after_body(p, start);
			p->at++;
		}
		p->body_end = outer;
	}
	leave(p);
}

void read_backquoted(struct parser *p, struct reading *r, bool in_double_quotes)
{
	size_t start = p->at, end = p->end;
	const char *close = memchr(p->s + start + 1, '`', end - start - 1);
	reading_uncertain(r, in_double_quotes ? SH_ONE : SH_ANY, false);
	if (!close) {
		give_up(p, start, "a backquote that is not closed");
		return;
	}
	size_t stop = (size_t)(close - p->s);
	if (memchr(p->s + start, '\\', stop - start) ||
	    (in_double_quotes && memchr(p->s + start, '"', stop - start))) {
		/* Escapes are taken off before the text is parsed again, in a way that depends on what
		 * surrounds it. */
		give_up(p, start, "quoting inside backquotes");
		return;
	}
	if (!enter(p, start)) {
		leave(p);
		return;
	}
	p->at = start + 1;
	p->end = stop;
	p->level++;
	read_list(p, 0);
	if (!p->stopped && p->n_heredocs && p->heredocs[p->n_heredocs - 1].level == p->level)
		give_up(p, start, "a here-document inside backquotes");
	p->level--;
	p->end = end;
	if (!p->stopped)
		p->at = stop + 1;
	leave(p);
}

/* Arithmetic up to its closing, "))" or "]" or '}': numbers, operators and $-free only. */
static bool plain_arithmetic(const struct parser *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		char c = p->s[i];
		if (digit(c) && i + 1 < to && (name_start(p->s[i + 1]) || p->s[i + 1] == '#'))
			return false; /* 0x1F and 16#ff are numbers too, but not ones to be sure of */
		if (!digit(c) && !strchr(" +-*/%()<>=!&|^~?:,", c))
			return false;
	}
	return true;
}

/* At "$((".  True when it was read as arithmetic. */
static bool read_arithmetic(struct parser *p, struct reading *r, size_t start)
{
	int open = 0;
	for (size_t i = start + 3; i + 1 < p->end; i++) {
		char c = p->s[i];
		if (c == '(')
			open++;
		if (c == ')' && open)
			open--;
		else if (c == ')') {
			if (p->s[i + 1] != ')')
				return false;
			p->at = i + 2;
			if (!plain_arithmetic(p, start + 3, i))
				doubt(p, start, "arithmetic with names: bash evaluates their values");
			reading_uncertain(r, SH_ONE, false);
			/* A substitution inside would run: it must not go unlisted. */
			for (size_t j = start + 3; j + 1 < i; j++)
				if (p->s[j] == '`' || p->s[j] == '$')
					give_up(p, start, "a substitution inside arithmetic");
			return true;
		}
		if (strchr("'\"\\`\n;", c))
			return false;
	}
	return false;
}

/* The word in ${name:-word}: text, nested expansions and plainly quoted parts up to the '}'. */
static void read_brace_word(struct parser *p, size_t start, bool in_double_quotes)
{
	struct reading ignored = {.text = BUF_INIT, .fixed = true};
	while (!p->stopped) {
		char c = peek(p, 0);
		if (p->at >= p->end || (c == '\n' && !in_double_quotes)) {
			give_up(p, start, "a ${ that is not closed");
		} else if (c == '}') {
			return;
		} else if (c == '$') {
			read_dollar(p, &ignored, in_double_quotes);
		} else if (c == '`') {
			read_backquoted(p, &ignored, in_double_quotes);
		} else if (c == '"' && !in_double_quotes) {
			p->at++;
			read_double_quoted(p, &ignored);
		} else if (c == '\\' && peek(p, 1) && peek(p, 1) != '\n' && !in_double_quotes) {
			p->at += 2;
		} else if (strchr("'\"\\{", c) || ((c == '<' || c == '>') && peek(p, 1) == '(')) {
			give_up(p, start, "quoting inside ${…}");
		} else {
			p->at++;
		}
	}
	buf_finish(&ignored.text);
}

/* A [subscript]: only @, * and numbers. */
static void read_subscript(struct parser *p, size_t start, bool *many)
{
	size_t from = p->at + 1, i = from;
	while (i < p->end && p->s[i] != ']')
		i++;
	if (i >= p->end) {
		give_up(p, start, "a subscript that is not closed");
		return;
	}
	bool all = i == from + 1 && (p->s[from] == '@' || p->s[from] == '*');
	*many = all && p->s[from] == '@';
	for (size_t j = from; !all && j < i; j++)
		if (!digit(p->s[j]) || i - from > 9) {
			give_up(p, start, "a subscript that bash evaluates");
			return;
		}
	p->at = i + 1;
}

/* At "${". */
static void read_braced(struct parser *p, struct reading *r, bool in_double_quotes)
{
	size_t start = p->at;
	bool many = false, length = false;
	p->at += 2;
	if (peek(p, 0) == '#' && peek(p, 1) != '}') {
		length = true;
		p->at++;
	}
	char c = peek(p, 0);
	if (name_start(c)) {
		while (name_start(peek(p, 0)) || digit(peek(p, 0)))
			p->at++;
		if (peek(p, 0) == '[')
			read_subscript(p, start, &many);
	} else if (digit(c)) {
		while (digit(peek(p, 0)))
			p->at++;
	} else if (c && strchr("@*#?$!-", c)) {
		many = c == '@';
		p->at++;
		if (c == '!' && peek(p, 0) != '}')
			give_up(p, start, "an indirect expansion");
	} else {
		give_up(p, start, "an expansion that is not understood");
	}
	if (p->stopped)
		return;
	if (length)
		many = false;
	reading_uncertain(r, in_double_quotes && !many ? SH_ONE : SH_ANY, false);
	c = peek(p, 0);
	if (c == '}') {
		p->at++;
		return;
	}
	char next = peek(p, 1);
	if (length || c == '@' || c == '[' || c == '!' || c == '\0') {
		give_up(p, start, "an expansion that is not understood");
	} else if (c == '=' || (c == ':' && next == '=')) {
		give_up(p, start, "an expansion that assigns");
	} else if (c == ':' && next && !strchr("-+?", next)) {
		size_t i = p->at + 1;
		while (i < p->end && (digit(p->s[i]) || strchr(": -", p->s[i])))
			i++;
		if (i >= p->end || p->s[i] != '}')
			give_up(p, start, "an offset that bash evaluates");
		else
			p->at = i + 1;
	} else if (strchr(":-+?#%/^,", c)) {
		p->at += c == ':' && next ? 2 : 1;
		/* ${x-"$@"} and its like hand many words on. */
		size_t from = p->at;
		read_brace_word(p, start, in_double_quotes);
		for (size_t i = from; i < p->at; i++)
			if (p->s[i] == '@')
				reading_uncertain(r, SH_ANY, false);
		if (!p->stopped)
			p->at++;
	} else {
		give_up(p, start, "an expansion that is not understood");
	}
}

static int hex_digit(char c)
{
	if (digit(c))
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* At $'…': the escapes that mean one byte each. */
static void read_ansi_quoted(struct parser *p, struct reading *r)
{
	static const char letters[] = "abeEfnrtv\\'\"?", bytes[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	size_t start = p->at;
	p->at += 2;
	r->quoted = true;
	while (!p->stopped) {
		char c = peek(p, 0);
		if (p->at >= p->end) {
			give_up(p, start, "a quote that is not closed");
			return;
		}
		p->at++;
		if (c == '\'')
			return;
		if (c != '\\') {
			reading_add(r, &c, 1);
			continue;
		}
		char e = peek(p, 0);
		const char *found = e ? strchr(letters, e) : NULL;
		if (found) {
			reading_add(r, &bytes[found - letters], 1);
			p->at++;
		} else if (e == 'x' && hex_digit(peek(p, 1)) >= 0 && hex_digit(peek(p, 2)) >= 0) {
			char byte = (char)(hex_digit(peek(p, 1)) * 16 + hex_digit(peek(p, 2)));
			if (byte == '\0')
				give_up(p, start, "a NUL in a quoted text");
			reading_add(r, &byte, 1);
			p->at += 3;
		} else {
			give_up(p, start, "an escape that is not understood");
		}
	}
}

void read_dollar(struct parser *p, struct reading *r, bool in_double_quotes)
{
	size_t start = p->at;
	char c = peek(p, 1);
	if (c == '(') {
		if (peek(p, 2) == '(' && read_arithmetic(p, r, start))
			return;
		if (peek(p, 2) == '(') {
			give_up(p, start, "$(( that may be arithmetic or a subshell");
			return;
		}
		p->at += 2;
		reading_uncertain(r, in_double_quotes ? SH_ONE : SH_ANY, false);
		read_substitution(p, start);
	} else if (c == '{') {
		if (enter(p, start))
			read_braced(p, r, in_double_quotes);
		leave(p);
	} else if (c == '[') {
		give_up(p, start, "arithmetic in an old form");
	} else if (name_start(c)) {
		p->at += 1;
		while (name_start(peek(p, 0)) || digit(peek(p, 0)))
			p->at++;
		reading_uncertain(r, in_double_quotes ? SH_ONE : SH_ANY, false);
	} else if (digit(c) || (c && strchr("@*#?$!-", c))) {
		p->at += 2;
		reading_uncertain(r, in_double_quotes && c != '@' ? SH_ONE : SH_ANY, false);
	} else if (c == '\'' && !in_double_quotes) {
		read_ansi_quoted(p, r);
	} else if (c == '"' && !in_double_quotes) {
		give_up(p, start, "a translated text");
	} else if (c == '\\' && peek(p, 2) == '\n') {
		give_up(p, start, "an expansion continued on the next line");
	} else {
		reading_add(r, "$", 1);
		p->at++;
	}
}
