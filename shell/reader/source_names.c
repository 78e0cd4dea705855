/* source_names.c: the files that a line names after `.` or source, so that their text is approved with it.
 *
 * Found in what bash has parsed; a name that is not literal, or in a substitution, is left for the time when
 * it is run (source.c), and asked about then.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"
#include <errno.h>
#include <sys/stat.h>

extern char *string_quote_removal(char *, int);

enum { MOST_FILES = 32, DEEPEST = 200 };

static struct {
	char *path;
	struct buf text;
} added[MOST_FILES];
static size_t n_added;
static bool approved;

static void forget(void)
{
	for (; n_added; n_added--) {
		free(added[n_added - 1].path);
		buf_finish(&added[n_added - 1].text);
	}
}

void source_approve(bool yes)
{
	approved = yes;
}

bool source_added(const char *path, const struct buf *text)
{
	for (size_t i = 0; approved && i < n_added; i++)
		if (!strcmp(added[i].path, path) && added[i].text.len == text->len &&
		    !memcmp(added[i].text.data, text->data, text->len))
			return true;
	return false;
}

static void add_file(struct buf *frame, char *word, struct buf *used)
{
	struct stat st;
	if (n_added == MOST_FILES || strpbrk(word, "$`*?[{~"))
		return;
	char *literal = string_quote_removal(word, 0);
	char *path = literal ? source_path(literal) : NULL;
	struct buf text = BUF_INIT;
	bool again = false;
	for (size_t i = 0; path && i < n_added; i++)
		again |= !strcmp(added[i].path, path);
	/* Only what can be read twice. */
	if (path && !again && !stat(path, &st) && S_ISREG(st.st_mode) && source_text(path, &text) &&
	    text.len) {
		struct buf entry BUF_AUTO = BUF_INIT;
		buf_add(&entry, literal, strlen(literal) + 1);
		buf_add(&entry, text.data, text.len);
		frame->failed |= entry.failed;
		wire_add(frame, WIRE_SOURCED, entry.data, entry.len);
		buf_addc(used, '\n');
		buf_add(used, text.data, text.len);
		added[n_added].path = path;
		added[n_added++].text = text;
		path = NULL;
	} else {
		buf_finish(&text);
	}
	free(path);
	free(literal);
}

static void walk(struct buf *frame, const COMMAND *command, struct buf *used, int depth);

static void walk_simple(struct buf *frame, const WORD_LIST *words, struct buf *used)
{
	const WORD_LIST *first = words;
	while (first && (!strcmp(first->word->word, "command") || !strcmp(first->word->word, "builtin")))
		first = first->next;
	if (!first || !first->next)
		return;
	if (!strcmp(first->word->word, ".") || !strcmp(first->word->word, "source")) {
		const WORD_LIST *file = first->next;
		if (!strcmp(file->word->word, "--") && file->next)
			file = file->next;
		add_file(frame, file->word->word, used);
	}
}

static void walk_case(struct buf *frame, const PATTERN_LIST *clauses, struct buf *used, int depth)
{
	for (; clauses; clauses = clauses->next)
		walk(frame, clauses->action, used, depth);
}

static void walk(struct buf *frame, const COMMAND *command, struct buf *used, int depth)
{
	if (!command || depth > DEEPEST)
		return;
	depth++;
	switch (command->type) {
	case cm_simple:
		walk_simple(frame, command->value.Simple->words, used);
		return;
	case cm_connection:
		walk(frame, command->value.Connection->first, used, depth);
		walk(frame, command->value.Connection->second, used, depth);
		return;
	case cm_for:
		walk(frame, command->value.For->action, used, depth);
		return;
	case cm_select:
		walk(frame, command->value.Select->action, used, depth);
		return;
	case cm_arith_for:
		walk(frame, command->value.ArithFor->action, used, depth);
		return;
	case cm_case:
		walk_case(frame, command->value.Case->clauses, used, depth);
		return;
	case cm_while:
	case cm_until:
		walk(frame, command->value.While->test, used, depth);
		walk(frame, command->value.While->action, used, depth);
		return;
	case cm_if:
		walk(frame, command->value.If->test, used, depth);
		walk(frame, command->value.If->true_case, used, depth);
		walk(frame, command->value.If->false_case, used, depth);
		return;
	case cm_function_def:
		walk(frame, command->value.Function_def->command, used, depth);
		return;
	case cm_group:
		walk(frame, command->value.Group->command, used, depth);
		return;
	case cm_subshell:
		walk(frame, command->value.Subshell->command, used, depth);
		return;
	case cm_coproc:
		walk(frame, command->value.Coproc->command, used, depth);
		return;
	default:
		return;
	}
}

void source_add(struct buf *frame, const void *command, struct buf *used)
{
	forget();
	approved = false;
	walk(frame, command, used, 0);
}
