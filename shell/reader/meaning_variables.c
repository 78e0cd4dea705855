/* meaning_variables.c: the names of variables that are not as the session began.
 *
 * Those that are exported reach every program; some are bash's own.  A variable that bash evaluates when it
 * is assigned (declare -i), or that is another one by another name (declare -n), makes a plain assignment
 * mean more.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/meaning.h"

struct first {
	char *name, *value; /* value NULL: not exported, or not set */
};

/* Variables of bash itself that change what lines mean without being exported. */
static const char *const bash_reads[] = {"PATH",       "IFS",      "CDPATH",        "GLOBIGNORE",
					 "EXECIGNORE", "BASH_ENV", "PS4",           "BASH_LOADABLES_PATH",
					 "TEXTDOMAIN", "HOME",     "TEXTDOMAINDIR", "ENV",
					 "MAILPATH",   "MAIL",     "PS3",           "BASH_XTRACEFD",
					 "INPUTRC",    "LC_ALL",   "LC_CTYPE",      "LANG",
					 "LC_MESSAGES"};
enum { BASH_READS = sizeof bash_reads / sizeof *bash_reads };

static struct first bash_first[BASH_READS], *exported_first;
static size_t n_exported;
static char **odd_first; /* names that had an odd attribute */

static bool everyday(const char *name)
{
	/* What a prompt runs was judged when it was set; what that changes is told by itself. */
	static const char *const names[] = {"PWD",   "OLDPWD", "SHLVL", "_",   "COLUMNS",
					    "LINES", "PS0",    "PS1",   "PS2", "PROMPT_COMMAND"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return true;
	return variable_ours(name);
}

static const char *value_of(const SHELL_VAR *variable)
{
	if (!variable || !var_isset(variable) || array_p(variable) || assoc_p(variable))
		return NULL;
	return value_cell(variable);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool exported_begin(void)
{
	SHELL_VAR **now = all_exported_variables();
	for (n_exported = 0; now && now[n_exported];)
		n_exported++;
	exported_first = calloc(n_exported + 1, sizeof *exported_first);
	for (size_t i = 0; exported_first && i < n_exported; i++) {
		const char *value = value_of(now[i]);
		exported_first[i] = (struct first){strdup(now[i]->name), value ? strdup(value) : NULL};
	}
	free(now);
	return exported_first != NULL;
}

/* Both lists are in the order of their names. */
static void add_exported(struct buf *frame)
{
	SHELL_VAR **now = all_exported_variables();
	size_t was = 0, is = 0;
	while ((now && now[is]) || was < n_exported) {
		int order = !now || !now[is]    ? 1
			    : was == n_exported ? -1
						: strcmp(now[is]->name, exported_first[was].name);
		const char *name = order <= 0 ? now[is]->name : exported_first[was].name;
		bool changed = order || !same(value_of(now[is]), exported_first[was].value);
		if (changed && !everyday(name))
			meaning_tell(frame, "variable", name, NULL);
		is += order <= 0;
		was += order >= 0;
	}
	free(now);
}

static bool among_exported(const char *name)
{
	for (size_t i = 0; i < n_exported; i++)
		if (!strcmp(exported_first[i].name, name))
			return true;
	const SHELL_VAR *variable = find_global_variable_noref(name);
	return variable && exported_p(variable);
}

static void add_bash_reads(struct buf *frame)
{
	for (size_t i = 0; i < BASH_READS; i++)
		if (!among_exported(bash_reads[i]) &&
		    !same(value_of(find_global_variable_noref(bash_reads[i])), bash_first[i].value))
			meaning_tell(frame, "variable", bash_reads[i], NULL);
}

/* ── attributes, and functions for children ── */

static bool odd(const SHELL_VAR *variable)
{
	return integer_p(variable) || nameref_p(variable);
}

static bool odd_begin(void)
{
	SHELL_VAR **all = all_shell_variables();
	size_t n = 0, kept = 0;
	while (all && all[n])
		n++;
	odd_first = calloc(n + 1, sizeof *odd_first);
	for (size_t i = 0; odd_first && i < n; i++)
		if (odd(all[i]))
			odd_first[kept++] = strdup(all[i]->name);
	free(all);
	return odd_first != NULL;
}

static bool was_odd(const char *name)
{
	for (char **known = odd_first; *known; known++)
		if (!strcmp(*known, name))
			return true;
	return false;
}

static void add_odd(struct buf *frame)
{
	SHELL_VAR **all = all_shell_variables();
	for (size_t i = 0; all && all[i]; i++)
		if (odd(all[i]) && !was_odd(all[i]->name))
			meaning_tell(frame, "attribute", all[i]->name,
				     nameref_p(all[i]) ? (integer_p(all[i]) ? "in" : "n") : "i");
	free(all);
}

static void add_exported_functions(struct buf *frame)
{
	SHELL_VAR **all = all_visible_functions();
	for (size_t i = 0; all && all[i]; i++) {
		struct buf name BUF_AUTO = BUF_INIT;
		if (!exported_p(all[i]))
			continue;
		buf_addf(&name, "BASH_FUNC_%s%%%%", all[i]->name);
		frame->failed |= name.failed;
		meaning_tell(frame, "variable", name.data ? name.data : "", NULL);
	}
	free(all);
}

bool meaning_variables_begin(void)
{
	for (size_t i = 0; i < BASH_READS; i++) {
		const char *value = value_of(find_global_variable_noref(bash_reads[i]));
		bash_first[i].value = value ? strdup(value) : NULL;
	}
	return exported_begin() && odd_begin();
}

void meaning_variables(struct buf *frame)
{
	add_exported(frame);
	add_bash_reads(frame);
	add_odd(frame);
	add_exported_functions(frame);
}
