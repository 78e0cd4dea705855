/* policy_program.c: programs that are given code: interpreters, awk, sed; and what policy_option.c knows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

/* Given code in an argument or on standard input. */
static const char *const interpreters[] = {
    "bash",   "sh",  "dash",   "zsh",  "ksh",   "rbash",   "fish",  "perl",      "ruby", "node", "nodejs",
    "php",    "lua", "tclsh",  "wish", "R",     "Rscript", "julia", "osascript", "ghci", "irb",  "guile",
    "gforth", "bc",  "dc",     "ash",  "mksh",  "yash",    "posh",  "csh",       "tcsh", "pwsh", "xonsh",
    "iex",    "erl", "jshell", "sbcl", "clisp", "swipl",   "ocaml", "ipython",   NULL};

static bool interpreter(const char *name)
{
	for (const char *const *i = interpreters; *i; i++)
		if (!strcmp(name, *i))
			return true;
	return !strncmp(name, "python", 6) || !strncmp(name, "pypy", 4);
}

/* A script by name is what an operator may approve; code, or anything before the script's name, is not. */
static const char *hazard_interpreter(const struct sh_word *words, size_t n)
{
	static const char why[] = "an interpreter that is given code";
	if (n == 2 && words[1].certainty == SH_LITERAL && !strcmp(words[1].text, "--version"))
		return NULL;
	if (n < 2 || words[1].certainty != SH_LITERAL || words[1].text[0] == '-' || words[1].text[0] == '+' ||
	    !strncmp(words[1].text, "/dev/", 5) || !strncmp(words[1].text, "/proc/", 6) ||
	    !strcmp(words[1].text, ".") || !strcmp(words[1].text, "inspect") || !words[1].len)
		return why;
	return NULL;
}

static const char *hazard_awk(const struct sh_word *words, size_t n)
{
	static const char why[] = "an awk program that may run or write something";
	if (n < 2)
		return why;
	size_t i = 1;
	if (words[1].certainty == SH_LITERAL && !strncmp(words[1].text, "-F", 2))
		i = words[1].text[2] ? 2 : 3;
	if (i >= n || words[i].certainty != SH_LITERAL || words[i].text[0] == '-' ||
	    strpbrk(words[i].text, "|>@") || strstr(words[i].text, "system") ||
	    strstr(words[i].text, "getline") || strstr(words[i].text, "close"))
		return why;
	for (i++; i < n; i++)
		if (words[i].text[0] == '-' ||
		    (words[i].certainty != SH_LITERAL && !*words[i].text && words[i].certainty == SH_ANY))
			return why;
	return NULL;
}

/* Of sed's commands only those that cannot run or write: addresses with p, d, q; s///  with plain flags. */
static bool plain_sed(const char *text)
{
	if (text[0] == 's' && strchr("/|,#:", text[1]) && text[1]) {
		char delimiter = text[1];
		int seen = 0;
		const char *at = text + 1;
		for (; *at && seen < 3; at++) {
			if (*at == '\\' && at[1])
				at++;
			else if (*at == delimiter)
				seen++;
			if (*at == '\n')
				return false;
		}
		return seen == 3 && strspn(at, "gpIi0123456789") == strlen(at);
	}
	size_t digits = strspn(text, "0123456789,$ ");
	return strlen(text) == digits + 1 && strchr("pdq=", text[digits]);
}

static const char *hazard_sed(const struct sh_word *words, size_t n)
{
	static const char why[] = "a sed script that may run or write something";
	size_t i = 1;
	while (i < n && words[i].certainty == SH_LITERAL &&
	       (!strcmp(words[i].text, "-n") || !strcmp(words[i].text, "-E") || !strcmp(words[i].text, "-r")))
		i++;
	if (i >= n || words[i].certainty != SH_LITERAL || !plain_sed(words[i].text))
		return why;
	for (i++; i < n; i++)
		if (words[i].text[0] == '-' || (words[i].certainty != SH_LITERAL && !*words[i].text))
			return why;
	return NULL;
}

/* uniq's second operand is a file that it writes. */
static const char *hazard_uniq(const struct sh_word *words, size_t n)
{
	size_t operands = 0;
	for (size_t i = 1; i < n; i++) {
		if (words[i].certainty == SH_ANY && !*words[i].text)
			return "words that are not known may name a file that uniq writes";
		operands += words[i].text[0] != '-' || !words[i].text[1];
	}
	return operands > 1 ? "uniq writes the second file" : NULL;
}

const char *hazard_program(const char *name, const struct sh_word *words, size_t n)
{
	if (interpreter(name))
		return hazard_interpreter(words, n);
	if (!strcmp(name, "awk"))
		return hazard_awk(words, n);
	if (!strcmp(name, "sed"))
		return hazard_sed(words, n);
	if (!strcmp(name, "uniq"))
		return hazard_uniq(words, n);
	return hazard_options(name, words, n);
}
