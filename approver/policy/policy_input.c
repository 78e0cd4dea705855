/* policy_input.c: commands that take commands from standard input, where a session's next lines are.
 *
 * In a session `psql` alone would read, and run, the lines that follow it, and nobody would have approved
 * them.  Interpreters without a script are approved by no pattern anywhere (policy_program.c); these clients
 * are not in a session, unless their input is a file, a here-document or the output of echo, printf or cat.
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
} clients[] = {
    {"psql", "aAbeEHnqsStwWxXz0", "dFLoPRThpUv", "cl", "--command", 0, false},
    {"mysql", "ABbCfHiLNnoqrsTtUvVwX", "DhPSu", "e", "--execute", 0, false},
    {"mariadb", "ABbCfHiLNnoqrsTtUvVwX", "DhPSu", "e", "--execute", 0, false},
    {"sqlite3", "", "", "", NULL, 2, false},
    {"ssh", "46AaCGgKkMNqsTtVvXxYy", "BbcDEeFIiJLlmOopQRSWw", "nf", NULL, 0, true},
    {"virsh", "", "", "", NULL, 1, true},
    {"redis-cli", "", "", "", NULL, 1, true},
};

/* They always do, with a script before it or without. */
static const char *const always[] = {"sftp",    "ftp",      "lftp",     "mongo",   "mongosh",
				     "sqlplus", "isql",     "tsql",     "cqlsh",   "clickhouse-client",
				     "gnuplot", "octave",   "bc",       "dc",      "R",
				     "ghci",    "gforth",   "erl",      "iex",     "jshell",
				     "swipl",   "sbcl",     "clisp",    "ipython", "rsh",
				     "rlogin",  "slogin",   "mosh",     "autossh", "duckdb",
				     "sqlcmd",  "nsupdate", "nslookup", "fdisk",   "gdisk",
				     "parted",  "nmcli",    "mail",     "mailx",   NULL};

/* -abc: is one of its letters the option that settles it?  *next: its value is the next word. */
static bool settled_by_letters(size_t c, const char *letters, bool *next, bool *sure)
{
	for (; *letters; letters++) {
		if (strchr(clients[c].settles, *letters))
			return true;
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
			operands++;
			if (clients[c].first)
				break;
			continue;
		}
		if (words[i].certainty != SH_LITERAL)
			return false;
		if (settles && !strncmp(text, settles, strlen(settles)))
			return !text[strlen(settles)] || text[strlen(settles)] == '=';
		if (text[1] == '-') {
			if (!equals)
				return false; /* it may take the next word */
			continue;
		}
		if (settled_by_letters(c, text + 1, &next, &sure))
			return true;
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

/* Does it come from a command that does not itself hand on what follows in the session? */
static bool fed(const struct sh_script *script, const struct sh_command *command)
{
	const struct sh_command *feeder =
	    script && command->feeder ? &script->commands[command->feeder - 1] : NULL;
	if (!feeder || !feeder->n_words || feeder->words[0].certainty != SH_LITERAL)
		return false;
	const char *name = program_name(&feeder->words[0]);
	if (!strcmp(name, "echo") || !strcmp(name, "printf"))
		return true;
	if (strcmp(name, "cat") != 0)
		return false;
	for (size_t i = 1; i < feeder->n_words; i++)
		if (!plain_file(&feeder->words[i]))
			return false;
	return feeder->n_words > 1 || redirected(feeder);
}

const char *hazard_input(const struct sh_script *script, const struct sh_command *command,
			 const struct sh_word *words, size_t n)
{
	const char *name = program_name(&words[0]);
	size_t c = 0, a = 0;
	while (c < sizeof clients / sizeof *clients && strcmp(name, clients[c].program) != 0)
		c++;
	while (always[a] && strcmp(name, always[a]) != 0)
		a++;
	if (!always[a] && (c == sizeof clients / sizeof *clients || settled(c, words, n)))
		return NULL;
	for (size_t i = 0; i < command->n_redirects; i++)
		if (command->redirects[i].input)
			return redirected(command) ? NULL : "it may take the session's next lines as its own";
	return fed(script, command) ? NULL : "it may take the session's next lines as its own";
}
