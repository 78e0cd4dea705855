/* meaning.c: what the session has changed that a line may use, so that neither policy nor reviewer reads `ls`
 * where bash runs something else.
 *
 * Functions and aliases come with their text when the line may use them, or another that it uses does; of
 * variables, builtins and options comes the name of each that is not as the session began.  Values of
 * variables may be secret and never leave bash.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
	char *path;
	int flags;
} PATH_DATA;

extern char *named_function_string(char *, COMMAND *, int);
enum { MULTILINE = 1 };

struct first {
	char *name, *value; /* value NULL: not exported, or not set */
};

/* Variables of bash itself that change what lines mean without being exported. */
static const char *const bash_reads[] = {
    "PATH",   "IFS",      "CDPATH", "GLOBIGNORE",          "EXECIGNORE", "BASH_ENV", "PROMPT_COMMAND", "PS0",
    "PS1",    "PS2",      "PS4",    "BASH_LOADABLES_PATH", "TEXTDOMAIN", "HOME",     "TEXTDOMAINDIR",  "ENV",
    "LC_ALL", "LC_CTYPE", "LANG",   "LC_MESSAGES"};
enum { BASH_READS = sizeof bash_reads / sizeof *bash_reads };

static struct first bash_first[BASH_READS], *exported_first;
static size_t n_exported;
static int *builtin_flags, n_builtins;

static void add(struct buf *frame, const char *kind, const char *name, const char *text)
{
	struct buf entry BUF_AUTO = BUF_INIT;
	buf_addf(&entry, "%s\t%s", kind, name);
	if (text) {
		buf_addc(&entry, '\t');
		buf_adds(&entry, text);
	}
	frame->failed |= entry.failed;
	wire_add(frame, WIRE_MEANING, entry.data ? entry.data : "", entry.len);
}

/* ── variables ── */

static bool everyday(const char *name)
{
	static const char *const names[] = {"PWD", "OLDPWD", "SHLVL", "_", "COLUMNS", "LINES"};
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

static void exported_begin(void)
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
			add(frame, "variable", name, NULL);
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
			add(frame, "variable", bash_reads[i], NULL);
}

/* ── functions and aliases ── */

/* Each that the text may use, and whose own text is then text that is used. */
static void add_functions(struct buf *frame, struct buf *plain)
{
	SHELL_VAR **all = all_visible_functions();
	bool again = all != NULL;
	while (again) {
		again = false;
		for (size_t i = 0; all[i]; i++) {
			if (!all[i]->name || !meaning_used(plain, all[i]->name))
				continue;
			char *text = named_function_string(all[i]->name, function_cell(all[i]), MULTILINE);
			add(frame, "function", all[i]->name, text);
			meaning_plain(plain, text, strlen(text));
			buf_addc(plain, '\n');
			/* Out of the list, the rest moves up. */
			for (size_t k = i--; all[k]; k++)
				all[k] = all[k + 1];
			again = true;
		}
	}
	free(all);
}

static void add_aliases(struct buf *frame, struct buf *plain)
{
	alias_t **all = expand_aliases ? all_aliases() : NULL;
	bool again = all != NULL;
	while (again) {
		again = false;
		for (size_t i = 0; all[i]; i++) {
			if (!meaning_used(plain, all[i]->name))
				continue;
			add(frame, "alias", all[i]->name, all[i]->value);
			meaning_plain(plain, all[i]->value, strlen(all[i]->value));
			buf_addc(plain, '\n');
			for (size_t k = i--; all[k]; k++)
				all[k] = all[k + 1];
			again = true;
		}
	}
	free(all);
}

/* ── how names are found, and lines are read ── */

static struct buf *hash_frame;

/* `hash -p` makes a name mean any file: what a search of PATH cannot have found. */
static int add_hashed(BUCKET_CONTENTS *item)
{
	const PATH_DATA *found = item->data;
	const char *path = get_string_value("PATH"), *slash = found ? strrchr(found->path, '/') : NULL;
	if (!found)
		return 0;
	size_t folder = slash ? (size_t)(slash - found->path) : 0;
	bool expected = slash && !strcmp(slash + 1, item->key);
	for (bool in_path = false; expected && path; path = *path ? path + 1 : NULL) {
		size_t len = strcspn(path, ":");
		in_path = len == folder && !strncmp(path, found->path, len);
		if (in_path)
			return 0;
		path += len;
	}
	add(hash_frame, "hash", item->key, found->path);
	return 0;
}

static void add_builtins(struct buf *frame)
{
	for (int i = 0; i < num_shell_builtins; i++)
		if (i >= n_builtins || shell_builtins[i].flags != builtin_flags[i])
			if (shell_builtins[i].name)
				add(frame, "builtin", shell_builtins[i].name, NULL);
}

static void add_options(struct buf *frame)
{
	const struct {
		bool changed;
		const char *name;
	} options[] = {{place_keywords_in_env, "keyword"},
		       {posixly_correct, "posix"},
		       {debugging_mode, "extdebug"},
		       {extended_glob, "extglob"},
		       {!interactive_comments, "interactive_comments"},
		       {!brace_expansion, "braceexpand"},
		       {shell_compatibility_level != DEFAULT_COMPAT_LEVEL, "compat"}};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].changed)
			add(frame, "option", options[i].name, NULL);
	/* An ignored one has no text, but a sign that is no pointer. */
	if (signal_is_trapped(READER_DEBUG_TRAP) && !signal_is_ignored(READER_DEBUG_TRAP))
		add(frame, "trap", "DEBUG", trap_list[READER_DEBUG_TRAP]);
}

void meaning_begin(void)
{
	exported_begin();
	for (size_t i = 0; i < BASH_READS; i++) {
		const char *value = value_of(find_global_variable_noref(bash_reads[i]));
		bash_first[i].value = value ? strdup(value) : NULL;
	}
	n_builtins = num_shell_builtins;
	builtin_flags = calloc((size_t)n_builtins + 1, sizeof *builtin_flags);
	for (int i = 0; builtin_flags && i < n_builtins; i++)
		builtin_flags[i] = shell_builtins[i].flags;
	if (!exported_first || !builtin_flags)
		abort(); /* out of memory before anything was run */
}

void meaning_add(struct buf *frame, const struct buf *text)
{
	struct buf plain BUF_AUTO = BUF_INIT;
	meaning_plain(&plain, text->data ? text->data : "", text->len);
	add_aliases(frame, &plain);
	add_functions(frame, &plain);
	frame->failed |= plain.failed;
	add_exported(frame);
	add_bash_reads(frame);
	hash_frame = frame;
	if (hashed_filenames)
		hash_walk(hashed_filenames, add_hashed);
	add_builtins(frame);
	add_options(frame);
}
