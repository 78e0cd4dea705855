/* meaning_bash.c: how bash finds names and reads lines, where that is not as the session began.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/meaning.h"

typedef struct {
	char *path;
	int flags;
} PATH_DATA;

static struct builtin *first;
static int n_builtins;
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
	meaning_tell(hash_frame, "hash", item->key, found->path);
	return 0;
}

/* By name: `enable -f` puts a new one in its place among the others. */
static const struct builtin *named(const struct builtin *table, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (table[i].name && !strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static void add_builtins(struct buf *frame)
{
	for (int i = 0; i < num_shell_builtins; i++) {
		const struct builtin *now = &shell_builtins[i], *was = NULL;
		if (!now->name)
			continue;
		/* Where it was is where it still is, nearly always. */
		if (i < n_builtins && first[i].name && !strcmp(first[i].name, now->name))
			was = &first[i];
		else
			was = named(first, n_builtins, now->name);
		if (!was || now->flags != was->flags || now->function != was->function)
			meaning_tell(frame, "builtin", now->name, NULL);
	}
	for (int i = 0; i < n_builtins; i++) {
		const char *name = first[i].name;
		bool there = !name || (i < num_shell_builtins && shell_builtins[i].name &&
				       !strcmp(shell_builtins[i].name, name));
		if (!there && !named(shell_builtins, num_shell_builtins, name))
			meaning_tell(frame, "builtin", name, NULL);
	}
}

static void add_options(struct buf *frame)
{
	const struct {
		bool changed;
		const char *name;
	} options[] = {{mark_modified_vars, "allexport"},
		       {autocd, "autocd"},
		       {cdable_vars, "cdable_vars"},
		       {cdspelling, "cdspell"},
		       {place_keywords_in_env, "keyword"},
		       {posixly_correct, "posix"},
		       {debugging_mode, "extdebug"},
		       {extended_glob, "extglob"},
		       {!interactive_comments, "interactive_comments"},
		       {!brace_expansion, "braceexpand"},
		       {shell_compatibility_level != DEFAULT_COMPAT_LEVEL, "compat"}};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].changed)
			meaning_tell(frame, "option", options[i].name, NULL);
}

/* Whatever may run it: a signal at any moment, the shell's end, or a line that only sets what it uses. */
static void add_traps(struct buf *frame)
{
	for (int i = 0; i <= READER_RETURN_TRAP; i++)
		/* One that is ignored runs nothing, and its text is no pointer. */
		if (signal_is_trapped(i) && !signal_is_ignored(i))
			meaning_tell(frame, "trap", signal_name(i), trap_list[i]);
}

bool meaning_bash_begin(void)
{
	n_builtins = num_shell_builtins;
	first = calloc((size_t)n_builtins + 1, sizeof *first);
	if (first)
		memcpy(first, shell_builtins, (size_t)n_builtins * sizeof *first);
	return first != NULL;
}

void meaning_bash(struct buf *frame)
{
	hash_frame = frame;
	if (hashed_filenames)
		hash_walk(hashed_filenames, add_hashed);
	add_builtins(frame);
	add_options(frame);
	add_traps(frame);
}
