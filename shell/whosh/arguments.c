/* arguments.c: bash's command line, as far as it can be approved.
 *
 * Options are bash's: single letters may be joined (-lc, -euo pipefail), -o takes the next word as its name,
 * the line is the first word after the options.  Two kinds are not passed on.  Those that load code before
 * the line (--rcfile, --init-file) would run what nobody approved; those that change how the line is read
 * (-k, -O expand_aliases, --posix) would make bash and the policy read different lines.  Of these -O extglob
 * alone is taken, since agents' harnesses pass it: the approver is told, and no pattern approves such a line.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/arguments.h"
#include "common/error.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Single letters that bash may be given. */
static const char letters[] = "abefhmnptuvxBCETP";

/* Names that -o and +o may be given. */
static const char *const set_names[] = {"allexport", "braceexpand", "errexit",   "errtrace", "functrace",
					"hashall",   "monitor",     "noclobber", "noexec",   "noglob",
					"nolog",     "notify",      "nounset",   "onecmd",   "physical",
					"pipefail",  "privileged",  "verbose",   "xtrace",   NULL};

/* Names that -O and +O may be given: what changes expansion results, not how a line is read. */
static const char *const shopt_names[] = {"dotglob",  "failglob",   "globstar", "inherit_errexit",
					  "lastpipe", "nocaseglob", "nullglob", NULL};

static bool among(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names != NULL;
}

struct walk {
	struct arguments *out;
	char **at, **end;
	bool line;
	char *error;
};

static void pass_on(struct walk *walk, const char *word)
{
	walk->out->options[walk->out->n_options++] = (char *)(size_t)word;
}

/* -o NAME, +O NAME: the name is the next word. */
static bool named_option(struct walk *walk, const char *flag)
{
	const char *name = walk->at < walk->end ? *walk->at++ : NULL;
	if (!name)
		return error_set(&walk->error, "%s: option requires an argument", flag);
	if (flag[1] == 'O' && !strcmp(name, "extglob"))
		walk->out->extglob = flag[0] == '-';
	else if (!among(name, flag[1] == 'o' ? set_names : shopt_names))
		return error_set(&walk->error, "%s %s: not an option that can be approved", flag, name);
	pass_on(walk, flag);
	pass_on(walk, name);
	return true;
}

static bool letter(struct walk *walk, char sign, char c)
{
	/* One static word for each letter and sign. */
	static char words[2][128][3];
	if (sign == '-' && c == 'c') {
		walk->line = true;
		return true;
	}
	if (sign == '-' && c == 'l') {
		walk->out->login = true;
		return true;
	}
	if (sign == '-' && c == 's') {
		walk->out->call = CALL_STDIN;
		return true;
	}
	if (sign == '-' && c == 'i') {
		walk->out->interactive = true;
		return true;
	}
	char *word = words[sign == '+'][c & 127];
	word[0] = sign;
	word[1] = (char)(c & 127);
	if (c == 'o' || c == 'O')
		return named_option(walk, word);
	if (!strchr(letters, c))
		return error_set(&walk->error, "%c%c: not an option that can be approved", sign, c);
	pass_on(walk, word);
	return true;
}

static bool long_option(struct walk *walk, const char *word)
{
	if (!strcmp(word, "--login")) {
		walk->out->login = true;
		return true;
	}
	if (!strcmp(word, "--check"))
		walk->out->call = CALL_CHECK;
	else if (!strcmp(word, "--version"))
		walk->out->call = CALL_VERSION;
	else if (!strcmp(word, "--help"))
		walk->out->call = CALL_HELP;
	else if (strcmp(word, "--norc") && strcmp(word, "--noprofile") && strcmp(word, "--noediting"))
		return error_set(&walk->error, "%s: not an option that can be approved", word);
	return true; /* the last three are what whosh does anyway */
}

static bool options(struct walk *walk)
{
	while (walk->at < walk->end) {
		const char *word = *walk->at;
		if ((word[0] != '-' && word[0] != '+') || (word[0] == '+' && !word[1]))
			return true;
		walk->at++;
		if (!strcmp(word, "-") || !strcmp(word, "--"))
			return true;
		if (word[0] == '-' && word[1] == '-') {
			if (!long_option(walk, word))
				return false;
			continue;
		}
		if (strlen(word) > 64)
			return error_set(&walk->error, "an option of more than 64 characters");
		for (const char *c = word + 1; *c; c++)
			if (!letter(walk, word[0], *c))
				return false;
	}
	return true;
}

char *arguments_parse(struct arguments *out, int argc, char **argv)
{
	*out = (struct arguments){.call = CALL_BARE, .login = argv[0][0] == '-', .dash = argv[0][0] == '-'};
	/* Each letter of an option word may become one option, each -o two. */
	size_t room = 2;
	for (int i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+' || i > 1); i++)
		room += argv[i][0] == '-' || argv[i][0] == '+' ? 2 * strnlen(argv[i], 128) : 0;
	out->options = calloc(room, sizeof *out->options);
	if (!out->options)
		return strdup("out of memory");
	struct walk walk = {.out = out, .at = argv + 1, .end = argv + argc};
	if (!options(&walk))
		return walk.error ? walk.error : strdup("out of memory");
	if (out->call != CALL_BARE && out->call != CALL_STDIN)
		return NULL;
	if (walk.line) {
		if (walk.at == walk.end)
			return strdup("-c: option requires an argument");
		out->call = CALL_LINE;
		out->line = *walk.at++;
	} else if (out->call == CALL_BARE && walk.at < walk.end) {
		out->call = CALL_SCRIPT;
		out->file = *walk.at++;
	}
	out->rest = walk.at;
	out->n_rest = (int)(walk.end - walk.at);
	return NULL;
}

void arguments_finish(struct arguments *arguments)
{
	free(arguments->options);
	*arguments = (struct arguments){0};
}
