/* policy_program.c: programs whose options run other programs, load code, or are code.
 *
 * A table: the option's beginnings that are not approved.  For such a program a word that is not known may be
 * one of them, so it is not approved either, unless its certain beginning shows that it is no option.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

static const struct {
	const char *program;
	const char *options[16];
} dangerous[] = {
    {"git",
     {"-c", "--config-env", "--exec-path", "-p", "--paginate", "--upload-pack", "-u", "--receive-pack",
      "--ext-diff", "--textconv", "--output", "-O", "--open-files-in-pager", "--exec", "-x"}},
    {"tar",
     {"--checkpoint-action", "-I", "--use-compress-program", "--to-command", "-F", "--info-script",
      "--new-volume-script", "--rsh-command", "--rmt-command"}},
    {"ssh", {"-o", "-F", "-S", "-E"}},
    {"scp", {"-o", "-F", "-S", "-D"}},
    {"sftp", {"-o", "-F", "-S", "-D", "-b"}},
    {"rsync", {"-e", "--rsh", "--rsync-path", "-M", "--remote-option", "--out-format", "--log-file"}},
    {"find", {"-delete", "-fprint", "-fls", "-ok", "-execdir"}},
    {"sort", {"--compress-program", "-o", "--output", "-T", "--files0-from"}},
    {"zip", {"-T", "-TT", "--unzip-command"}},
    {"curl", {"-K", "--config", "-o", "-O", "--output", "--remote-name", "--engine", "--unix-socket"}},
    {"wget",
     {"-e", "--execute", "--use-askpass", "-O", "--output-document", "-i", "--post-file", "--body-file"}},
    {"make", {"-f", "--file", "--makefile", "--eval", "SHELL=", "MAKEFLAGS=", "-E"}},
    {"psql", {"-f", "--file", "-v", "-o", "-L"}},
    {"sqlite3", {"-cmd", "-init"}},
    {"npm", {"--script-shell", "exec", "x", "--node-options"}},
    {"npx", {""}},
    {"docker", {""}},
    {"kubectl", {"exec", "--kubeconfig"}},
    {"man", {"-P", "--pager", "-H", "--html"}},
    {"less", {""}},
    {"more", {""}},
    {"openssl", {"-engine", "-provider", "engine"}},
    {"tcpdump", {"-z", "-w"}},
    {"nmap", {"--script"}},
    {"go", {"run", "generate", "-exec", "-toolexec"}},
    {"cargo", {"--config"}},
    {"gcc", {"-B", "-fplugin", "-specs", "-wrapper", "@"}},
    {"cc", {"-B", "-fplugin", "-specs", "-wrapper", "@"}},
    {"date", {"-s", "--set"}},
    {"dd", {"of="}},
    {"split", {"--filter"}},
    {"install", {"--strip-program"}},
    {"ldconfig", {""}},
    {"rg", {"--pre", "--hostname-bin"}},
    {"fd", {"-x", "-X", "--exec"}},
};

/* Given code in an argument or on standard input. */
static const char *const interpreters[] = {
    "bash",      "sh",     "dash", "zsh",   "ksh",    "rbash", "fish", "perl",    "ruby",
    "node",      "nodejs", "php",  "lua",   "tclsh",  "wish",  "R",    "Rscript", "julia",
    "osascript", "ghci",   "irb",  "guile", "gforth", "bc",    "dc",   NULL};

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
	    !strncmp(words[1].text, "/dev/", 5) || !strncmp(words[1].text, "/proc/", 6))
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

/* psql's backslash and sqlite3's dot commands reach a shell. */
static const char *hazard_client(const char *name, const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const char *text = words[i].text;
		if (!strcmp(name, "psql") &&
		    (strchr(text, '\\') || strstr(text, "PROGRAM") || strstr(text, "program")))
			return "a psql command that may run a program";
		if (!strcmp(name, "sqlite3") && i > 1 &&
		    (text[strspn(text, " \t\n")] == '.' || strstr(text, "\n.")))
			return "an sqlite3 command that may run a program";
	}
	return NULL;
}

const char *hazard_program(const char *name, const struct sh_word *words, size_t n)
{
	if (interpreter(name))
		return hazard_interpreter(words, n);
	if (!strcmp(name, "awk"))
		return hazard_awk(words, n);
	if (!strcmp(name, "sed"))
		return hazard_sed(words, n);
	for (size_t p = 0; p < sizeof dangerous / sizeof *dangerous; p++) {
		if (strcmp(name, dangerous[p].program) != 0)
			continue;
		bool options_end = false;
		for (size_t i = 1; i < n; i++) {
			const struct sh_word *word = &words[i];
			if (!options_end && word->certainty != SH_LITERAL &&
			    (!*word->text || word->text[0] == '-' || word->text[0] == '+'))
				return "a word that is not known may be an option that runs a program";
			if (word->certainty == SH_LITERAL && !strcmp(word->text, "--"))
				options_end = true;
			for (size_t o = 0; !options_end && o < 16 && dangerous[p].options[o]; o++) {
				const char *option = dangerous[p].options[o];
				size_t len = strlen(option);
				if (!strncmp(word->text, option, len))
					return "an option that may run a program, write a file or load code";
				/* An abbreviation of a long option: --upl for --upload-pack. */
				size_t given = strcspn(word->text, "=");
				if (!strncmp(option, "--", 2) && given > 3 && given < len &&
				    !strncmp(word->text, option, given))
					return "an abbreviated option that may run a program";
			}
		}
		return hazard_client(name, words, n);
	}
	return NULL;
}
