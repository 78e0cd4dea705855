/* meaning.c: what the session has changed that a line may use, so that neither policy nor reviewer reads `ls`
 * where bash runs something else.
 *
 * Functions and aliases come with their text when the line may use them, or another that it uses does; of
 * variables (meaning_variables.c), builtins and options (meaning_bash.c) comes the name of each that is not
 * as the session began.  Values of variables may be secret and never leave bash.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/meaning.h"
#include "shell/reader/bash.h"

extern char *named_function_string(char *, COMMAND *, int);
enum { MULTILINE = 1 };

void meaning_tell(struct buf *frame, const char *kind, const char *name, const char *text)
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

/* bash runs it for a command that it does not find, whatever its name. */
static bool used_always(const char *name)
{
	return !strcmp(name, "command_not_found_handle");
}

/* In $'…' a name can be written so that no search finds it; then `any` may be used. */
static void use(struct buf *plain, const char *text, size_t len, bool *any)
{
	*any |= len && memmem(text, len, "$'", 2);
	meaning_plain(plain, text, len);
}

/* Each that the text may use, and whose own text is then text that is used. */
static void add_functions(struct buf *frame, struct buf *plain, bool *any)
{
	SHELL_VAR **all = all_visible_functions();
	bool again = all != NULL;
	while (again) {
		again = false;
		for (size_t i = 0; all[i]; i++) {
			if (!*any && !used_always(all[i]->name) && !meaning_used(plain, all[i]->name))
				continue;
			char *text = named_function_string(all[i]->name, function_cell(all[i]), MULTILINE);
			meaning_tell(frame, "function", all[i]->name, text);
			use(plain, text, strlen(text), any);
			buf_addc(plain, '\n');
			/* Out of the list, the rest moves up. */
			for (size_t k = i--; all[k]; k++)
				all[k] = all[k + 1];
			again = true;
		}
	}
	free(all);
}

static void add_aliases(struct buf *frame, struct buf *plain, bool *any)
{
	alias_t **all = expand_aliases ? all_aliases() : NULL;
	bool again = all != NULL;
	while (again) {
		again = false;
		for (size_t i = 0; all[i]; i++) {
			if (!*any && !meaning_used(plain, all[i]->name))
				continue;
			meaning_tell(frame, "alias", all[i]->name, all[i]->value);
			use(plain, all[i]->value, strlen(all[i]->value), any);
			buf_addc(plain, '\n');
			for (size_t k = i--; all[k]; k++)
				all[k] = all[k + 1];
			again = true;
		}
	}
	free(all);
}

void meaning_begin(void)
{
	if (!meaning_variables_begin() || !meaning_bash_begin())
		abort(); /* out of memory before anything was run */
}

void meaning_add(struct buf *frame, const struct buf *text)
{
	struct buf plain BUF_AUTO = BUF_INIT;
	bool any = false;
	use(&plain, text->data ? text->data : "", text->len, &any);
	add_aliases(frame, &plain, &any);
	add_functions(frame, &plain, &any);
	frame->failed |= plain.failed;
	meaning_variables(frame);
	meaning_bash(frame);
}
