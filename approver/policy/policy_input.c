/* policy_input.c: commands that take commands from standard input, where a session's next lines are.
 *
 * In a session `psql` alone would read, and run, the lines that follow it, and nobody would have approved
 * them.  Interpreters without a script are approved by no pattern anywhere (policy_program.c); these clients
 * are not in a session, nor are programs that do what they read there (patch, kubectl apply -f -), unless
 * their input is a file, a here-document or the output of a command that reads none of the session's lines.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include "approver/policy/policy_judging.h"
#include <string.h>

/* What settles that it reads no commands: an option (a letter of `settles`, or the long one) behind words
 * that are sure to be operands or options without a value (`flags`) or with one (`valued`); or so many
 * operands. first: behind an operand there are no options of its own. */
static const struct {
	const char *program, *flags, *valued, *settles, *settles_long;
	size_t operands;
	bool first;
	const char *verb; /* only behind this word */
} clients[] = {
    {"psql", "aAbeEHnqsStwWxXz0", "dFLoPRThpUv", "cl", "--command", 0, false, NULL},
    {"mysql", "ABbCfHiLNnoqrsTtUvVwX", "DhPSu", "e", "--execute", 0, false, NULL},
    {"mariadb", "ABbCfHiLNnoqrsTtUvVwX", "DhPSu", "e", "--execute", 0, false, NULL},
    {"sqlite3", "", "", "", NULL, 2, false, NULL},
    {"ssh", "46AaCGgKkMNqsTtVvXxYy", "BbcDEeFIiJLlmOopQRSWw", "nf", NULL, 0, true, NULL},
    {"virsh", "", "", "", NULL, 1, true, NULL},
    {"redis-cli", "", "", "", NULL, 1, true, NULL},
    {"patch", "bcEeflNnRstTuvZ", "BDFghopVYz", "i", "--input", 2, false, NULL},
    {"xargs", "0oprtx", "dEILnPs", "a", "--arg-file", 0, true, NULL},
    {"git", "Nqv3Rz", "pC", "", NULL, 1, false, "apply"},
    {"git", "3cikmqsu", "Cp", "", "--abort", 1, false, "am"},
};

/* Long options without a value, behind which operands still count. */
static const char *const plain_options[] = {"--check",   "--index",   "--cached", "--3way",    "--stat",
					    "--reverse", "--numstat", "--quiet",  "--dry-run", NULL};

/* They do what they read where a word names standard input. */
static const char *const told[] = {"nft", "ip", "tc", "bridge", "kubectl", "oc", "helm", NULL};

/* They always do, with a script before it or without. */
static const char *const always[] = {"sftp",    "ftp",      "lftp",     "mongo",   "mongosh",
				     "sqlplus", "isql",     "tsql",     "cqlsh",   "clickhouse-client",
				     "gnuplot", "octave",   "bc",       "dc",      "R",
				     "ghci",    "gforth",   "erl",      "iex",     "jshell",
				     "swipl",   "sbcl",     "clisp",    "ipython", "rsh",
				     "rlogin",  "slogin",   "mosh",     "autossh", "duckdb",
				     "sqlcmd",  "nsupdate", "nslookup", "fdisk",   "gdisk",
				     "parted",  "nmcli",    "mail",     "mailx",   NULL};

static bool among(const char *const *list, const char *text)
{
	while (*list && strcmp(*list, text) != 0)
		list++;
	return *list != NULL;
}

static bool standard_input(const char *text)
{
	return !strcmp(text, "-") || !strncmp(text, "/dev/", 5) || !strncmp(text, "/proc/", 6);
}

/* -abc: is one of its letters the option that settles it?  *next: its value is the next word. */
static bool settled_by_letters(size_t c, const char *letters, bool *next, bool *sure)
{
	for (; *letters; letters++) {
		if (strchr(clients[c].settles, *letters))
			return !standard_input(letters + 1);
		if (strchr(clients[c].valued, *letters)) {
			*next = !letters[1];
			return false;
		}
		if (!strchr(clients[c].flags, *letters)) {
			*sure = false;
			return false;
		}
	}
	return false;
}

static bool next_is_input(const struct sh_word *words, size_t n, size_t i)
{
	return i + 1 < n && standard_input(words[i + 1].text);
}

/* Only while each word before it is certain to be what it looks like. */
static bool settled(size_t c, const struct sh_word *words, size_t n)
{
	const char *settles = clients[c].settles_long;
	size_t operands = 0;
	for (size_t i = 1; i < n; i++) {
		bool next = false, sure = true;
		const char *text = words[i].text, *equals = strchr(text, '=');
		if (words[i].certainty == SH_ANY || (words[i].certainty == SH_ONE && !*text))
			return false;
		if (text[0] != '-') {
			operands += !standard_input(text);
			if (clients[c].first)
				break;
			continue;
		}
		if (words[i].certainty != SH_LITERAL)
			return false;
		if (settles && !strncmp(text, settles, strlen(settles)))
			return !text[strlen(settles)] ? !next_is_input(words, n, i)
						      : text[strlen(settles)] == '=' &&
							    !standard_input(text + strlen(settles) + 1);
		if (text[1] == '-') {
			if (!equals && !among(plain_options, text))
				return false; /* it may take the next word */
			continue;
		}
		if (settled_by_letters(c, text + 1, &next, &sure))
			return clients[c].first || !next_is_input(words, n, i);
		if (!sure)
			return false;
		i += next;
	}
	return clients[c].operands && operands >= clients[c].operands;
}

static bool plain_file(const struct sh_word *word)
{
	return word->certainty == SH_LITERAL && word->len && word->text[0] != '-' &&
	       ((strncmp(word->text, "/dev/", 5) && strncmp(word->text, "/proc/", 6)) ||
		!strcmp(word->text, "/dev/null"));
}

/* Is its standard input a file or a text? */
static bool redirected(const struct sh_command *command)
{
	bool good = false;
	for (size_t i = 0; i < command->n_redirects; i++) {
		const struct sh_redirect *redirect = &command->redirects[i];
		if (redirect->input)
			good = redirect->kind == SH_HEREDOC || redirect->kind == SH_HERESTR ||
			       (redirect->kind == SH_READ && plain_file(&redirect->target));
	}
	return good;
}

/* Commands that read no standard input, whatever their words. */
static const char *const no_readers[] = {"echo", "printf", "find", "ls", "seq", "ps", "df", NULL};

/* git's that read none, unless told to. */
static const char *const git_no_readers[] = {"diff",         "show",     "log", "ls-files",
					     "format-patch", "rev-list", NULL};

static bool reads_nothing(const struct sh_command *command)
{
	const struct sh_word *words = command->words;
	const char *name = program_name(&words[0]);
	if (!strcmp(name, "git")) {
		for (size_t i = 1; i < command->n_words; i++)
			if (words[i].certainty != SH_LITERAL || !strncmp(words[i].text, "--stdin", 7) ||
			    strchr(words[i].text, '=') || !strcmp(words[i].text, "-"))
				return false;
		return command->n_words > 1 && among(git_no_readers, words[1].text);
	}
	for (size_t i = 1; i < command->n_words; i++) /* find -files0-from - */
		if (!strcmp(name, "find") &&
		    (words[i].certainty == SH_ANY || !strncmp(words[i].text, "-files0", 7) ||
		     !strncmp(words[i].text, "-exec", 5) || !strncmp(words[i].text, "-ok", 3)))
			return false;
	return among(no_readers, name);
}

/* Does it come from a command that does not itself hand on what follows in the session? */
static bool fed(const struct sh_script *script, const struct sh_command *command)
{
	const struct sh_command *feeder =
	    script && command->feeder ? &script->commands[command->feeder - 1] : NULL;
	if (!feeder || !feeder->n_words || feeder->words[0].certainty != SH_LITERAL)
		return false;
	for (size_t i = 0; i < feeder->n_redirects; i++)
		if (feeder->redirects[i].input)
			return redirected(feeder);
	if (reads_nothing(feeder))
		return true;
	if (!strcmp(program_name(&feeder->words[0]), "cat") && feeder->n_words > 1) {
		size_t i = 1;
		while (i < feeder->n_words && plain_file(&feeder->words[i]))
			i++;
		if (i == feeder->n_words)
			return true;
	}
	return feeder->feeder && feeder->feeder - 1 < (size_t)(feeder - script->commands) &&
	       fed(script, feeder);
}

/* Does a word name standard input, or may it? */
static bool names_input(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const char *text = words[i].text, *equals = strchr(text, '=');
		if (words[i].certainty != SH_LITERAL) {
			if (!*text && (words[i].certainty == SH_ANY || words[i - 1].text[0] == '-'))
				return true;
			continue;
		}
		if (standard_input(text) || (text[0] == '-' && equals && standard_input(equals + 1)) ||
		    (!strncmp(text, "-f", 2) && text[2] && standard_input(text + 2)))
			return true;
	}
	return false;
}

/* tar takes an archive from standard input where no f is among its letters, or f is "-". */
static bool tar_has_archive(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const char *text = words[i].text, *f = strchr(text, 'f');
		if (words[i].certainty != SH_LITERAL)
			return false;
		if (!strncmp(text, "--file=", 7))
			return !standard_input(text + 7);
		if (!strncmp(text, "--", 2))
			continue;
		bool dash = text[0] == '-';
		if (!dash && i > 1)
			continue;
		if (strcspn(text, "bCgHKLNVX") < strlen(text))
			return false; /* one whose value is the next word */
		if (!f)
			continue;
		if (dash && f[1])
			return !standard_input(f + 1);
		return i + 1 < n && words[i + 1].certainty == SH_LITERAL && words[i + 1].len &&
		       !next_is_input(words, n, i);
	}
	return false;
}

static bool tar_creates(const struct sh_word *words, size_t n)
{
	const char *text = n > 1 && words[1].certainty == SH_LITERAL ? words[1].text : "";
	if (!strcmp(text, "--create") || !strcmp(text, "--help") || !strcmp(text, "--version"))
		return true;
	return strncmp(text, "--", 2) != 0 && strchr(text, 'c') && !strpbrk(text, "xtrud");
}

/* Is it sure that it reads none of it? */
static bool harmless(const struct sh_word *words, size_t n)
{
	const char *name = program_name(&words[0]);
	if (!strcmp(name, "tar"))
		return tar_creates(words, n) || tar_has_archive(words, n);
	if (among(told, name))
		return !names_input(words, n);
	for (size_t c = 0; c < sizeof clients / sizeof *clients; c++) {
		bool verb = clients[c].verb != NULL;
		if (strcmp(name, clients[c].program) != 0)
			continue;
		if (verb && (n < 2 || strcmp(words[1].text, clients[c].verb) != 0))
			continue;
		return settled(c, words + verb, n - verb);
	}
	return !among(always, name);
}

const char *hazard_input(const struct sh_script *script, const struct sh_command *command,
			 const struct sh_word *words, size_t n)
{
	static const char why[] = "it may take the session's next lines as its own";
	if (harmless(words, n))
		return NULL;
	for (size_t i = 0; i < command->n_redirects; i++)
		if (command->redirects[i].input)
			return redirected(command) ? NULL : why;
	return fed(script, command) ? NULL : why;
}
