/* policy_changed.c: a line whose meaning the session has changed is not what its words say.
 *
 * Of a function that is called by its plain name everything is known: what stands in its body is judged in
 * place of the call, and no pattern for the name helps.  So is the text of a file that is sourced.  Of all
 * else that a session can change no pattern approves a line that may use it; strict rules speak as always.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_judging.h"
#include "common/buf.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 64 };

static bool listed(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* Whatever is read of a line rests on what these names do: bash's builtins and reserved words, and commands
 * that run others.  A function in their place changes more than itself. */
static bool stands_for_more(const char *name)
{
	static const char *const names[] = {
	    /* builtins */
	    ".", ":", "[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "command", "compgen",
	    "complete", "compopt", "continue", "declare", "dirs", "disown", "echo", "enable", "eval", "exec",
	    "exit", "export", "false", "fc", "fg", "getopts", "hash", "help", "history", "jobs", "kill",
	    "let", "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray",
	    "readonly", "return", "set", "shift", "shopt", "source", "suspend", "test", "times", "trap",
	    "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
	    /* reserved words */
	    "!", "[[", "]]", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
	    "function", "if", "in", "select", "then", "time", "until", "while",
	    /* what bash calls of itself */
	    "command_not_found_handle", NULL};
	const struct sh_word word = {.text = (char *)(size_t)name, .len = strlen(name)};
	const char *why;
	/* U+FFFD: what its bytes are is not known. */
	return listed(name, names) || !strcmp(name, "find") || !strcmp(name, "bash") ||
	       wrapper_words(&word, 1, &why) > 0 || strstr(name, "\xef\xbf\xbd");
}

/* Options that change neither what a line's words are nor what they run; what they do to its words the
 * reading of it allows for. */
static bool harmless_option(const char *name)
{
	static const char *const names[] = {"errexit",
					    "nounset",
					    "xtrace",
					    "pipefail",
					    "noclobber",
					    "noglob",
					    "monitor",
					    "notify",
					    "emacs",
					    "vi",
					    "history",
					    "ignoreeof",
					    "expand_aliases",
					    "extglob",
					    "nullglob",
					    "failglob",
					    "dotglob",
					    "globstar",
					    "nocaseglob",
					    "nocasematch",
					    "globasciiranges",
					    "globskipdots",
					    "lastpipe",
					    "inherit_errexit",
					    "checkhash",
					    "checkjobs",
					    "checkwinsize",
					    "cmdhist",
					    "lithist",
					    "histappend",
					    "histreedit",
					    "histverify",
					    "huponexit",
					    "progcomp",
					    "hostcomplete",
					    "no_empty_cmd_completion",
					    "complete_fullquote",
					    "direxpand",
					    "dirspell",
					    "force_fignore",
					    "login_shell",
					    "shift_verbose",
					    "gnu_errfmt",
					    NULL};
	return listed(name, names);
}

/* Why no pattern approves a line that this change concerns: the text before the name and the one after it. */
static bool change_matters(const struct session_change *change, const char **before, const char **after)
{
	*before = "the session's ";
	*after = "";
	switch (change->kind) {
	case CHANGE_FUNCTION:
		*before = "the session's function ";
		*after = " stands in the place of something that every line relies on";
		return stands_for_more(change->name);
	case CHANGE_ALIAS:
		*before = "the session's alias ";
		*after = " changes this line";
		return true;
	case CHANGE_VARIABLE:
		*before = "the session changed ";
		return hazard_variable(change->name) != NULL;
	case CHANGE_HASH:
		*before = "the session says where ";
		*after = " is (hash)";
		return true;
	case CHANGE_BUILTIN:
		*before = "the session switched the builtin ";
		*after = " off, or put another in its place";
		return true;
	case CHANGE_OPTION:
		*before = "the session switched the option ";
		return !harmless_option(change->name);
	case CHANGE_TRAP:
		*before = "the session's trap ";
		*after = " may run with this line";
		return true;
	case CHANGE_ATTRIBUTE:
		*before = "the session made of ";
		*after = " a variable that bash evaluates, or another's name";
		return true;
	case CHANGE_KINDS:
		break;
	}
	return true;
}

static void name_add(struct buf *out, const char *name)
{
	size_t len = strnlen(name, MAX_NAME);
	visible_add(out, name, len);
	buf_adds(out, name[len] ? "…" : "");
}

/* A reason with a name in it. */
static void say(struct judging *j, const struct place *place, const char *before, const char *name,
		const char *after)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_adds(&text, before);
	name_add(&text, name);
	buf_adds(&text, after);
	j->failed |= text.failed;
	if (!text.failed)
		reason(j, place, j->policy->otherwise, NULL, text.data);
}

void judge_changes(struct judging *j)
{
	const struct policy_session *session = j->request->session;
	const struct place whole = {0};
	const char *before, *after;
	for (size_t i = 0; session && i < session->n_changes; i++)
		if (change_matters(&session->changes[i], &before, &after))
			say(j, &whole, before, session->changes[i].name, after);
}

/* ── texts that the line runs ──────────────────────────────────────────────────────────────────────────── */

bool has_word(const struct sh_script *script, const char *text)
{
	for (size_t i = 0; i < script->n_commands; i++)
		for (size_t w = 0; w < script->commands[i].n_words; w++)
			if (!strcmp(script->commands[i].words[w].text, text))
				return true;
	return false;
}

/* A definition is one function of that name.  bash does not always print a here-document as what it runs. */
static const char *definition_doubt(const struct session_change *change, const struct sh_script *script)
{
	if (!change->text)
		return ": its definition was not sent";
	if (!script->n_functions || strcmp(script->functions[0], change->name) != 0)
		return ": its definition is not understood";
	for (size_t i = 0; i < script->n_commands; i++)
		for (size_t r = 0; r < script->commands[i].n_redirects; r++)
			if (script->commands[i].redirects[r].kind == SH_HEREDOC)
				return ": its definition has a here-document";
	return NULL;
}

static bool add_text(struct judging *j, const char *what, const char *name, const char *text, size_t len)
{
	struct session_text *one = &j->texts[j->n_texts++];
	*one = (struct session_text){.what = what, .name = name, .text = text, .len = len};
	one->script = text ? sh_parse(text, len) : NULL;
	if (one->script)
		j->unsets |= has_word(one->script, "unset");
	return one->script || !text;
}

/* Functions come first and are sorted, as the session's changes are; then the files, sorted too. */
bool session_open(struct judging *j, const struct sh_script *line)
{
	const struct policy_session *session = j->request->session;
	j->unsets = has_word(line, "unset");
	if (!session)
		return true;
	j->texts = calloc(session->n_changes + session->n_files + 1, sizeof *j->texts);
	if (!j->texts)
		return false;
	for (size_t i = 0; i < session->n_changes; i++) {
		const struct session_change *change = &session->changes[i];
		if (change->kind != CHANGE_FUNCTION)
			break; /* the first kind */
		if (!add_text(j, "function", change->name, change->text, change->len))
			return false;
		struct session_text *one = &j->texts[j->n_texts - 1];
		one->why = definition_doubt(change, one->script);
	}
	j->n_functions = j->n_texts;
	for (size_t i = 0; i < session->n_files; i++) {
		const struct session_file *file = &session->files[i];
		if (!add_text(j, "file", file->path, file->text, file->len))
			return false;
	}
	return true;
}

void session_close(struct judging *j)
{
	for (size_t i = 0; i < j->n_texts; i++)
		sh_script_free(j->texts[i].script);
	free(j->texts);
}

static int by_name(const void *a, const void *b)
{
	const struct session_text *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static struct session_text *find_text(struct judging *j, size_t from, size_t to, const char *name)
{
	const struct session_text wanted = {.name = name};
	return from < to ? bsearch(&wanted, j->texts + from, to - from, sizeof wanted, by_name) : NULL;
}

/* Each text is judged once: where it is run from makes no difference to what it runs. */
static void judge_body(struct judging *j, struct session_text *text, const struct place *place)
{
	struct place inner = *place;
	inner.inside = text;
	inner.depth++;
	inner.from = inner.to = 0;
	if (text->why)
		say(j, place, "the session's function ", text->name, text->why);
	if (text->judged || !text->script)
		return;
	text->judged = true;
	judge_script(j, text->script, &inner);
}

bool judge_text(struct judging *j, const struct sh_command *command, const struct sh_word *words, size_t n,
		const struct place *place)
{
	if (!n || words[0].certainty != SH_LITERAL || words[0].len != strlen(words[0].text))
		return false;
	const char *name = words[0].text;
	struct session_text *text = find_text(j, 0, j->n_functions, name);
	if (text && stands_for_more(name))
		return false; /* that has been said; whatever else it may be is judged, too */
	if (text && place->elsewhere) {
		say(j, place, "the session has a function ", name,
		    ", and here the name is not called plainly");
		return false;
	}
	bool sources = !text && n == 2 && (!strcmp(name, ".") || !strcmp(name, "source")) &&
		       words == command->words && !place->elsewhere && words[1].certainty == SH_LITERAL &&
		       words[1].len == strlen(words[1].text);
	if (sources)
		text = find_text(j, j->n_functions, j->n_texts, words[1].text);
	if (!text)
		return false;
	bool lost = !sources && j->unsets;
	judge_unit(j, words, n, place, lost ? "a function of the session's that may be unset by then" : NULL,
		   RULE_STRICT);
	judge_body(j, text, place);
	return true;
}
