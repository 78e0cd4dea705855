/* syntax_word.c: one word, its quoting removed, and how sure we are of it.
 *
 * A word begins LITERAL.  An expansion in double quotes makes it ONE (one argument of unknown text); an
 * unquoted one, a glob or a brace makes it ANY (it may become several arguments or none).  The text collected
 * before the first uncertain part stays as the word's certain prefix.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <stdlib.h>
#include <string.h>

bool ends_word(char c)
{
	return c == '\0' || strchr(" \t\n;&|<>()", c) != NULL;
}

char peek(const struct parser *p, size_t ahead)
{
	return p->at < p->end && ahead < p->end - p->at ? p->s[p->at + ahead] : '\0';
}

void reading_add(struct reading *r, const char *bytes, size_t len)
{
	if (!r->fixed)
		buf_add(&r->text, bytes, len);
}

void reading_uncertain(struct reading *r, enum sh_certainty certainty, bool glob)
{
	r->only_globs = glob && (r->certainty == SH_LITERAL || r->only_globs);
	if (certainty > r->certainty)
		r->certainty = certainty;
	r->fixed = true;
}

void read_double_quoted(struct parser *p, struct reading *r)
{
	size_t start = p->at - 1;
	r->quoted = true;
	while (!p->stopped) {
		if (p->at >= p->end) {
			give_up(p, start, "a double quote that is not closed");
			return;
		}
		char c = p->s[p->at];
		if (c == '"') {
			p->at++;
			return;
		}
		if (c == '$') {
			read_dollar(p, r, true);
		} else if (c == '`') {
			read_backquoted(p, r, true);
		} else if (c == '\\' && p->at + 1 < p->end && strchr("$`\"\\\n", p->s[p->at + 1])) {
			if (p->s[p->at + 1] != '\n')
				reading_add(r, p->s + p->at + 1, 1);
			p->at += 2;
		} else {
			reading_add(r, &p->s[p->at], 1);
			p->at++;
		}
	}
}

static void read_single_quoted(struct parser *p, struct reading *r)
{
	const char *from = p->s + p->at + 1;
	const char *close = memchr(from, '\'', p->end - p->at - 1);
	r->quoted = true;
	if (!close) {
		give_up(p, p->at, "a single quote that is not closed");
		return;
	}
	reading_add(r, from, (size_t)(close - from));
	p->at = (size_t)(close - p->s) + 1;
}

/* A brace expansion needs a comma or ".." before its closing brace; without looking for them, an opening
 * brace makes the word uncertain ("{}" alone is itself). */
static void read_special(struct parser *p, struct reading *r, enum word_place place, size_t start)
{
	char c = p->s[p->at];
	bool first = p->at == start;
	char before = first ? '\0' : p->s[p->at - 1];
	if (c == '~' && (first || before == '=' || before == ':')) {
		reading_uncertain(r, SH_ONE, false);
	} else if (strchr("?*+@!", c) && peek(p, 1) == '(') {
		give_up(p, p->at, "an extended glob");
		return;
	} else if (place == IN_COMMAND && (c == '*' || c == '?')) {
		reading_uncertain(r, SH_ANY, true);
	} else if (place == IN_COMMAND && c == '[' && !(first && ends_word(peek(p, 1)))) {
		reading_uncertain(r, SH_ANY, true);
	} else if (place == IN_COMMAND && c == '{' && !(first && ends_word(peek(p, 1))) &&
		   !(first && peek(p, 1) == '}' && ends_word(peek(p, 2)))) {
		reading_uncertain(r, SH_ANY, false);
	}
	reading_add(r, &c, 1);
	p->at++;
}

static void read_parts(struct parser *p, struct reading *r, enum word_place place)
{
	size_t start = p->at;
	while (!p->stopped && p->at < p->end) {
		char c = p->s[p->at];
		if ((c == '<' || c == '>') && peek(p, 1) == '(') {
			size_t from = p->at;
			p->at += 2;
			reading_uncertain(r, place == IN_ASSIGNMENT ? SH_ONE : SH_ANY, false);
			read_substitution(p, from);
			continue;
		}
		if (ends_word(c))
			return;
		if (c == '\'') {
			read_single_quoted(p, r);
		} else if (c == '"') {
			p->at++;
			read_double_quoted(p, r);
		} else if (c == '$') {
			read_dollar(p, r, false);
		} else if (c == '`') {
			read_backquoted(p, r, false);
		} else if (c == '\\') {
			r->quoted = true;
			if (p->at + 1 >= p->end) {
				give_up(p, p->at, "a backslash at the end");
				return;
			}
			if (p->s[p->at + 1] == '\n') {
				give_up(p, p->at, "a word continued on the next line");
				return;
			}
			reading_add(r, p->s + p->at + 1, 1);
			p->at += 2;
		} else {
			read_special(p, r, place, start);
		}
	}
}

void read_word(struct parser *p, enum word_place place, struct sh_word *word)
{
	struct reading r = {.text = BUF_INIT};
	*word = (struct sh_word){.start = p->at, .end = p->at};
	if (!enter(p, p->at)) {
		leave(p);
		return;
	}
	read_parts(p, &r, place);
	leave(p);
	/* In an assignment nothing is split or globbed: one value, whatever it is. */
	if (place == IN_ASSIGNMENT && r.certainty == SH_ANY)
		r.certainty = SH_ONE;
	word->len = r.text.len;
	word->text = buf_take(&r.text);
	word->certainty = r.certainty;
	word->glob = r.only_globs && r.certainty == SH_ANY;
	word->end = p->at;
	if (!word->text)
		p->no_memory = p->stopped = true;
}
