/* policy_program.c: programs whose options run other programs, load code, or are code.
 *
 * A table: the option's beginnings that are not approved.  For such a program a word that is not known may be
 * one of them, so it is not approved either, unless its certain beginning shows that it is no option.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

/* clang-format off */
static const struct {
	const char *program;
	const char *letters;     /* short options, alone or joined with others: -avze; "" when the program has none */
	const char *options[16]; /* beginnings of words */
} dangerous[] = {
    {"git", "cpuOx", {"--config-env", "--exec-path", "--paginate", "--upload-pack", "--receive-pack", "--ext-diff",
		      "--textconv", "--output", "--open-files-in-pager", "--exec"}},
    {"tar", "IFT", {"--checkpoint-action", "--use-compress-program", "--to-command", "--info-script",
		    "--new-volume-script", "--rsh-command", "--rmt-command", "--files-from"}},
    {"ssh", "oFSE", {NULL}},
    {"scp", "oFSD", {NULL}},
    {"sftp", "oFSDb", {NULL}},
    {"rsync", "eM", {"--rsh", "--rsync-path", "--remote-option", "--out-format", "--log-file"}},
    {"find", "", {"-delete", "-fprint", "-fls", "-ok", "-execdir"}},
    {"sort", "oT", {"--compress-program", "--output", "--files0-from"}},
    {"zip", "T", {"--unzip-command"}},
    {"curl", "KoOcD", {"--config", "--output", "--remote-name", "--engine", "--unix-socket", "--cookie-jar",
		       "--dump-header", "--trace", "--libcurl", "--stderr", "--hsts", "--alt-svc", "--etag-save"}},
    {"wget", "eOioaP", {"--execute", "--use-askpass", "--output-document", "--output-file", "--append-output",
			"--input-file", "--post-file", "--body-file", "--directory-prefix"}},
    {"make", "fE", {"--file", "--makefile", "--eval"}},
    {"psql", "fvoL", {"--file", "--set", "--variable", "--output", "--log-file"}},
    {"sqlite3", "", {"-cmd", "-init"}},
    {"npm", "", {"--script-shell", "exec", "x", "--node-options"}},
    {"npx", "", {""}},
    {"docker", "", {""}},
    {"kubectl", "", {"exec", "--kubeconfig"}},
    {"man", "PH", {"--pager", "--html"}},
    {"less", "", {""}},
    {"more", "", {""}},
    {"openssl", "", {"-engine", "-provider", "engine"}},
    {"tcpdump", "zw", {NULL}},
    {"nmap", "", {"--script"}},
    {"go", "", {"run", "generate", "-exec", "-toolexec", "-vettool", "-ldflags", "-gcflags", "-asmflags", "-overlay"}},
    {"cargo", "", {"--config"}},
    {"gcc", "", {"-B", "-fplugin", "-specs", "-wrapper", "@", "-fuse-ld", "-Wl,", "-Xlinker"}},
    {"cc", "", {"-B", "-fplugin", "-specs", "-wrapper", "@", "-fuse-ld", "-Wl,", "-Xlinker"}},
    {"date", "sf", {"--set", "--file"}},
    {"dd", "", {"of="}},
    {"split", "", {"--filter"}},
    {"install", "", {"--strip-program"}},
    {"ldconfig", "", {""}},
    {"rg", "z", {"--pre", "--hostname-bin", "--search-zip"}},
    {"fd", "xX", {"--exec"}},
    {"jq", "fL", {"--from-file"}},
};
/* clang-format on */

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

/* --foo where the table says -foo: go and gcc take both. */
static const char *undoubled(const char *text, const char *option)
{
	return text[0] == '-' && text[1] == '-' && option[0] == '-' && option[1] != '-' ? text + 1 : text;
}

static bool dangerous_option(size_t p, const char *text)
{
	for (size_t o = 0; o < 16 && dangerous[p].options[o]; o++) {
		const char *option = dangerous[p].options[o];
		size_t len = strlen(option), given = strcspn(text, "=");
		if (!strncmp(undoubled(text, option), option, len))
			return true;
		/* An abbreviation of a long option: --upl for --upload-pack. */
		if (!strncmp(option, "--", 2) && given > 2 && given < len && !strncmp(text, option, given))
			return true;
	}
	return false;
}

/* -abc where one of the letters is dangerous; tar takes its first word as letters without the dash, too. */
static bool dangerous_letters(size_t p, const char *text, size_t place)
{
	bool bare = place == 1 && !strcmp(dangerous[p].program, "tar") && text[0] != '-';
	if (!bare && (text[0] != '-' || text[1] == '-'))
		return false;
	return strpbrk(text, dangerous[p].letters) != NULL;
}

/* In `rsync --server -logDtpre.iLsfxC` what follows "e." are the client's features, and runs nothing. */
static bool rsync_features(size_t p, const struct sh_word *words, size_t i)
{
	const char *text = words[i].text, *features = strstr(text, "e.");
	return !strcmp(dangerous[p].program, "rsync") && i > 1 && words[1].certainty == SH_LITERAL &&
	       !strcmp(words[1].text, "--server") && words[i].certainty == SH_LITERAL && text[0] == '-' &&
	       text[1] != '-' && features && strcspn(text, "eM") == (size_t)(features - text);
}

/* git runs the helper that ext:: and its kin name; make expands and runs what a variable is given. */
static bool dangerous_word(size_t p, const char *text)
{
	return (!strcmp(dangerous[p].program, "git") && strstr(text, "::")) ||
	       (!strcmp(dangerous[p].program, "make") && strchr(text, '='));
}

static const char *hazard_listed(size_t p, const struct sh_word *words, size_t n)
{
	bool options_end = false;
	for (size_t i = 1; i < n; i++) {
		const struct sh_word *word = &words[i];
		if (dangerous_word(p, word->text))
			return "a word that may run a program";
		if (options_end)
			continue;
		if (word->certainty != SH_LITERAL &&
		    (!*word->text || word->text[0] == '-' || word->text[0] == '+'))
			return "a word that is not known may be an option that runs a program";
		if (word->certainty == SH_LITERAL && !strcmp(word->text, "--"))
			options_end = true;
		else if (dangerous_option(p, word->text) ||
			 (dangerous_letters(p, word->text, i) && !rsync_features(p, words, i)))
			return "an option that may run a program, write a file or load code";
	}
	return hazard_client(dangerous[p].program, words, n);
}

const char *hazard_program(const char *name, const struct sh_word *words, size_t n)
{
	if (interpreter(name))
		return hazard_interpreter(words, n);
	if (!strcmp(name, "awk"))
		return hazard_awk(words, n);
	if (!strcmp(name, "sed"))
		return hazard_sed(words, n);
	for (size_t p = 0; p < sizeof dangerous / sizeof *dangerous; p++)
		if (!strcmp(name, dangerous[p].program))
			return hazard_listed(p, words, n);
	return NULL;
}
