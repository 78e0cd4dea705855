/* syntax_command.c: simple commands: assignments, words, redirections.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <stdlib.h>
#include <string.h>

bool skip_blanks(struct parser *p)
{
	size_t from = p->at;
	for (;;) {
		char c = peek(p, 0);
		if (c == ' ' || c == '\t') {
			p->at++;
		} else if (c == '\\' && peek(p, 1) == '\n') {
			/* A continued line: only between words is it certain not to join two halves of
			 * something. */
			char before = p->at ? p->s[p->at - 1] : ' ';
			char after = peek(p, 2);
			if (before != ' ' && before != '\t' && before != '\n') {
				give_up(p, p->at, "a word or operator continued on the next line");
				return false;
			}
			p->at += 2;
			if (after == '\0' && p->at >= p->end)
				return true;
		} else {
			return p->at > from;
		}
	}
}

size_t name_at(const struct parser *p, size_t at)
{
	size_t i = at;
	while (i < p->end && ((p->s[i] >= 'a' && p->s[i] <= 'z') || (p->s[i] >= 'A' && p->s[i] <= 'Z') ||
			      p->s[i] == '_' || (i > at && p->s[i] >= '0' && p->s[i] <= '9')))
		i++;
	return i - at;
}

static void add_redirect(struct parser *p, struct sh_command *command, enum sh_redirect_kind kind,
			 struct sh_word target)
{
	if (!grow(p, (void **)&command->redirects, command->n_redirects, sizeof *command->redirects)) {
		word_finish(&target);
		return;
	}
	command->redirects[command->n_redirects++] = (struct sh_redirect){.kind = kind, .target = target};
}

/* "3", "-", "3-": a descriptor, not a file. */
static bool descriptor(const struct sh_word *word)
{
	if (word->certainty != SH_LITERAL || !word->len)
		return false;
	size_t digits = strspn(word->text, "0123456789");
	return digits + (word->text[digits] == '-') == word->len;
}

/* The shell's own descriptors are from 10 on; in a session the reader's are among them. */
static bool high(const char *digits)
{
	digits += strspn(digits, "0");
	return strspn(digits, "0123456789") > 1;
}

static bool same_number(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	size_t len = strspn(a, "0123456789");
	return len == strspn(b, "0123456789") && !strncmp(a, b, len);
}

/* Has this very command opened it before?  Of another one nobody knows in which process it was. */
static bool opened_here(const struct parser *p, const struct sh_command *command, const char *digits)
{
	for (size_t i = 0; i < command->n_redirects; i++) {
		const struct sh_redirect *redirect = &command->redirects[i];
		if (redirect->kind != SH_DUP && redirect->from < p->end &&
		    same_number(p->s + redirect->from, digits))
			return true;
	}
	return false;
}

static void look_for_high(struct parser *p, const struct sh_command *command, const char *digits,
			  size_t start)
{
	if (high(digits) && !opened_here(p, command, digits))
		doubt(p, start, "a descriptor that the command has not opened itself");
}

static void read_target(struct parser *p, struct sh_command *command, enum sh_redirect_kind kind,
			size_t start)
{
	struct sh_word target;
	skip_blanks(p);
	if (p->stopped)
		return;
	bool substitution = (peek(p, 0) == '<' || peek(p, 0) == '>') && peek(p, 1) == '(';
	if (ends_word(peek(p, 0)) && !substitution) {
		give_up(p, start, "a redirection without its file");
		return;
	}
	read_word(p, IN_COMMAND, &target);
	if (kind == SH_READ && target.certainty == SH_LITERAL && target.text &&
	    !strncmp(target.text, "/dev/tcp", 8))
		doubt(p, start, "a network connection");
	if (kind == SH_READ && target.certainty == SH_LITERAL && target.text &&
	    !strncmp(target.text, "/dev/udp", 8))
		doubt(p, start, "a network connection");
	if (target.certainty == SH_LITERAL && target.text && !strncmp(target.text, "/dev/fd/", 8))
		look_for_high(p, command, target.text + 8, start);
	add_redirect(p, command, kind, target);
}

/* "&" after < or >: a descriptor is duplicated, unless the word is a file's name (>&file). */
static void read_duplicate(struct parser *p, struct sh_command *command, bool output, size_t start)
{
	struct sh_word target;
	skip_blanks(p);
	if (p->stopped || ends_word(peek(p, 0))) {
		give_up(p, start, "a redirection without its file");
		return;
	}
	read_word(p, IN_COMMAND, &target);
	if (descriptor(&target)) {
		look_for_high(p, command, target.text, start);
		add_redirect(p, command, SH_DUP, target);
		return;
	}
	if (!output)
		doubt(p, start, "a descriptor that is not a number");
	add_redirect(p, command, output ? SH_WRITE : SH_READ, target);
}

static bool read_one_redirect(struct parser *p, struct sh_command *command)
{
	size_t start = p->at;
	size_t i = p->at;
	while (i < p->end && p->s[i] >= '0' && p->s[i] <= '9')
		i++;
	bool numbered = i > p->at;
	char c = i < p->end ? p->s[i] : '\0', next = i + 1 < p->end ? p->s[i + 1] : '\0';
	if (c == '&' && next == '>' && !numbered) {
		bool append = peek(p, 2) == '>';
		p->at += append ? 3 : 2;
		read_target(p, command, append ? SH_APPEND : SH_WRITE, start);
		return true;
	}
	if ((c != '<' && c != '>') || (next == '(' && !numbered))
		return false;
	if (next == '(') {
		give_up(p, start, "a number before a process substitution");
		return true;
	}
	p->at = i + 1;
	char third = peek(p, 1);
	if (c == '<' && next == '<' && third == '<') {
		p->at += 2;
		read_target(p, command, SH_HERESTR, start);
	} else if (c == '<' && next == '<') {
		bool strip = third == '-';
		p->at += strip ? 2 : 1;
		skip_blanks(p);
		heredoc_add(p, start, strip);
		if (!p->stopped) {
			struct sh_word none = {
			    .text = strdup(""), .certainty = SH_LITERAL, .start = start, .end = p->at};
			add_redirect(p, command, SH_HEREDOC, none);
		}
	} else if (next == '&') {
		p->at++;
		read_duplicate(p, command, c == '>', start);
	} else if (c == '<' && next == '>') {
		p->at++;
		read_target(p, command, SH_WRITE, start);
	} else if (c == '>' && (next == '>' || next == '|')) {
		p->at++;
		read_target(p, command, next == '>' ? SH_APPEND : SH_WRITE, start);
	} else {
		read_target(p, command, c == '<' ? SH_READ : SH_WRITE, start);
	}
	return true;
}

bool read_redirect(struct parser *p, struct sh_command *command)
{
	size_t before = command->n_redirects, zeros = 0, start = p->at;
	while (peek(p, zeros) == '0')
		zeros++;
	bool input = peek(p, 0) == '<' || (zeros && (peek(p, zeros) == '<' || peek(p, zeros) == '>'));
	if (!read_one_redirect(p, command))
		return false;
	if (command->n_redirects > before) {
		command->redirects[before].input = input;
		command->redirects[before].from = start;
	}
	return true;
}

/* The command is built in place of its own: p->script->commands may move while substitutions inside it are
 * read. */
static void keep(struct parser *p, struct sh_command *built)
{
	struct sh_command *kept = built->n_words || built->n_assignments || built->n_redirects
				      ? new_command(p, built->start)
				      : NULL;
	if (!kept) {
		command_finish(built);
		return;
	}
	built->end = p->at;
	*kept = *built;
}

void read_redirects_after(struct parser *p, size_t start)
{
	struct sh_command built = {.start = start};
	skip_blanks(p);
	while (!p->stopped && read_redirect(p, &built))
		skip_blanks(p);
	keep(p, &built);
}

/* a=(x y): the elements are words of their own; none may have a subscript. */
static void read_array(struct parser *p, struct sh_word *value)
{
	size_t start = p->at++;
	while (!p->stopped) {
		struct sh_word element;
		skip_lines(p);
		char c = peek(p, 0);
		if (c == ')') {
			p->at++;
			break;
		}
		if (c == '[' || (ends_word(c) && !((c == '<' || c == '>') && peek(p, 1) == '('))) {
			give_up(p, start, "an array that is not plain");
			break;
		}
		read_word(p, IN_COMMAND, &element);
		word_finish(&element);
	}
	*value = (struct sh_word){.text = strdup(""), .certainty = SH_ONE, .start = start, .end = p->at};
}

/* NAME=value or NAME+=value at p->at? */
static bool read_assignment(struct parser *p, struct sh_command *command)
{
	size_t start = p->at, len = name_at(p, p->at);
	if (!len)
		return false;
	if (peek(p, len) == '[') {
		/* name[…]= is an assignment to an element; name[…] alone is a glob.  Both are rare enough. */
		for (size_t i = p->at + len; i < p->end && !strchr(" \t\n;&|<>", p->s[i]); i++)
			if (p->s[i] == ']' && i + 1 < p->end && (p->s[i + 1] == '=' || p->s[i + 1] == '+')) {
				give_up(p, start, "an assignment to an array's element");
				return true;
			}
		return false;
	}
	bool append = peek(p, len) == '+' && peek(p, len + 1) == '=';
	if (!append && peek(p, len) != '=')
		return false;
	struct sh_word value;
	char *name = strndup(p->s + start, len);
	p->at += len + (append ? 2 : 1);
	if (peek(p, 0) == '(')
		read_array(p, &value);
	else
		read_word(p, IN_ASSIGNMENT, &value);
	if (!name ||
	    !grow(p, (void **)&command->assignments, command->n_assignments, sizeof *command->assignments)) {
		p->no_memory = p->stopped = true;
		free(name);
		word_finish(&value);
		return true;
	}
	command->assignments[command->n_assignments++] = (struct sh_assignment){name, append, value};
	return true;
}

/* Words after which bash reads `name=(…)` as an array, and arguments as assignments. */
static bool declares(const struct sh_command *command)
{
	static const char *const names[] = {"declare",  "typeset", "local", "export",
					    "readonly", "eval",    "let",   "alias"};
	if (!command->n_words || command->words[0].certainty != SH_LITERAL)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(command->words[0].text, names[i]))
			return true;
	return false;
}

void read_simple(struct parser *p)
{
	struct sh_command built = {.start = p->at};
	while (!p->stopped) {
		skip_blanks(p);
		char c = peek(p, 0);
		if (p->stopped || p->at >= p->end || (c == '#'))
			break;
		if (read_redirect(p, &built))
			continue;
		if (ends_word(c) && !((c == '<' || c == '>') && peek(p, 1) == '('))
			break;
		if (!built.n_words && read_assignment(p, &built))
			continue;
		struct sh_word word;
		size_t start = p->at;
		read_word(p, IN_COMMAND, &word);
		/* {name}>file opens a descriptor of the shell's choice. */
		if (p->s[start] == '{' && (peek(p, 0) == '<' || peek(p, 0) == '>'))
			give_up(p, start, "a redirection to a named descriptor");
		if (peek(p, 0) == '(' && !p->stopped)
			give_up(p, start,
				declares(&built) ? "an array in an argument" : "a parenthesis in a word");
		if (p->stopped || !grow(p, (void **)&built.words, built.n_words, sizeof *built.words)) {
			word_finish(&word);
			break;
		}
		built.words[built.n_words++] = word;
	}
	if (!built.n_words)
		for (size_t i = 0; i < built.n_assignments; i++)
			if (!strcmp(built.assignments[i].name, "IFS"))
				doubt(p, built.start, "a change of how words are split");
	keep(p, &built);
}
