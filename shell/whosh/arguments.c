/* arguments.c: bash's command line, as far as it can be approved.
 *
 * Options are bash's: single letters may be joined (-lc, -euo pipefail), -o takes the next word as its name,
 * the line is the first word after the options.  Some are not passed on: those that load code before the line
 * (--rcfile, --init-file, --debugger) would run what nobody approved, and aliases or history would make other
 * commands of the words that were approved.  Others change how a line is read or what its words become
 * (--posix, -k, -O extglob): the approver is told of those, and judges by it.
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

/* Names that both may be given, and that the approver is told of. */
static const char *const told_set_names[] = {"keyword", "posix", NULL};
static const char *const told_shopt_names[] = {"assoc_expand_once",
					       "autocd",
					       "cdable_vars",
					       "cdspell",
					       "compat31",
					       "compat32",
					       "compat40",
					       "compat41",
					       "compat42",
					       "compat43",
					       "compat44",
					       "execfail",
					       "extglob",
					       "extquote",
					       "globasciiranges",
					       "globskipdots",
					       "gnu_errfmt",
					       "localvar_inherit",
					       "localvar_unset",
					       "nocasematch",
					       "noexpand_translation",
					       "patsub_replacement",
					       "shift_verbose",
					       "sourcepath",
					       "varredir_close",
					       "xpg_echo",
					       NULL};

/* Names that only a prompt knows the difference of. */
static const char *const prompt_names[] = {"emacs",      "vi",
					   "ignoreeof",  "checkwinsize",
					   "cmdhist",    "lithist",
					   "histappend", "huponexit",
					   "checkjobs",  "direxpand",
					   "dirspell",   "progcomp",
					   "promptvars", "no_empty_cmd_completion",
					   NULL};

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

/* What is as bash has it by itself need not be told; of an option that bash has on, that it is off. */
static void tell(struct walk *walk, char sign, const char *name)
{
	static const char *const on[] = {"extquote",           "globasciiranges", "globskipdots",
					 "patsub_replacement", "sourcepath",      NULL};
	struct arguments *out = walk->out;
	int i = 0;
	while (i < out->n_told && strcmp(out->told[i], name) != 0)
		i++;
	bool changed = (sign == '-') != among(name, on);
	if (changed && i == out->n_told)
		out->told[out->n_told++] = name;
	else if (!changed && i < out->n_told)
		out->told[i] = out->told[--out->n_told];
}

/* -o NAME, +O NAME: the name is the next word. */
static bool named_option(struct walk *walk, const char *flag)
{
	const char *name = walk->at < walk->end ? *walk->at++ : NULL;
	if (!name)
		return error_set(&walk->error, "%s: option requires an argument", flag);
	bool set = flag[1] == 'o';
	if (among(name, set ? told_set_names : told_shopt_names))
		tell(walk, flag[0], name);
	else if (!among(name, set ? set_names : shopt_names) && !among(name, prompt_names))
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
	if (c == 'k')
		tell(walk, sign, "keyword");
	else if (!strchr(letters, c))
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
	if (!strcmp(word, "--posix")) {
		tell(walk, '-', "posix");
		pass_on(walk, "-o");
		pass_on(walk, "posix");
		return true;
	}
	if (!strcmp(word, "--verbose")) {
		pass_on(walk, "-v");
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

/* bash goes by the name that it is called by: as sh it is POSIX's, and $0 and its messages say it. */
static char *by_name(struct walk *walk, const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name + (*name == '-');
	if (!strcmp(base, "rbash"))
		return strdup("a restricted shell cannot be had: policy is what restricts");
	if (*base && strcmp(base, "whosh") != 0 && strcmp(base, "bash") != 0)
		walk->out->name = name;
	if (!strcmp(base, "sh"))
		tell(walk, '-', "posix");
	return NULL;
}

char *arguments_parse(struct arguments *out, int argc, char **argv)
{
	*out = (struct arguments){.call = CALL_BARE, .login = argv[0][0] == '-', .dash = argv[0][0] == '-'};
	/* Each letter of an option word may become one option, each -o two. */
	size_t room = 2;
	for (int i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+' || i > 1); i++)
		room += argv[i][0] == '-' || argv[i][0] == '+' ? 2 * strnlen(argv[i], 128) : 0;
	out->options = calloc(room, sizeof *out->options);
	out->told = calloc(room, sizeof *out->told);
	if (!out->options || !out->told)
		return strdup("out of memory");
	struct walk walk = {.out = out, .at = argv + 1, .end = argv + argc};
	char *unnamed = by_name(&walk, argv[0]);
	if (unnamed)
		return unnamed;
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
	free(arguments->told);
	*arguments = (struct arguments){0};
}
