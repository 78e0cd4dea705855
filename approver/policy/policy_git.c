/* policy_git.c: git's subcommands that run an editor, a tool, or what they are given.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

/* The subcommand's place: the first word that is no option of git itself. */
static size_t git_subcommand(const struct sh_word *words, size_t n)
{
	size_t i = 1;
	while (i < n && words[i].text[0] == '-')
		i += !strcmp(words[i].text, "-C") ? 2 : 1;
	return i;
}

/* Has git commit its message?  -m and its kin take what follows, so a letter after one of them is none. */
static bool git_message(const char *text, bool *editor)
{
	bool letters = text[0] == '-' && text[1] != '-';
	char first = letters ? text[strcspn(text, "mFCet")] : '\0';
	*editor |= first == 'e' || first == 't' || !strncmp(text, "--template", 10);
	return (first && strchr("mFC", first)) || !strncmp(text, "--message", 9) ||
	       !strcmp(text, "--no-edit") || !strncmp(text, "--file=", 7) || !strcmp(text, "--file");
}

/* Subcommands that run an editor, a tool of the configuration, or what they are given; and config itself,
 * which says what later ones run. */
const char *hazard_git(const struct sh_word *words, size_t n)
{
	static const char *const never[] = {"difftool", "mergetool",  "citool", "gui",   "filter-branch",
					    "instaweb", "send-email", "daemon", "shell", "web--browse",
					    "hook",     "revert",     "rebase", "p4",    "svn"};
	static const char editor_why[] = "git runs an editor";
	static const char tool_why[] = "git runs a tool, or is told what to run later";
	size_t at = git_subcommand(words, n);
	if (at >= n)
		return NULL;
	const char *sub = words[at].text, *next = at + 1 < n ? words[at + 1].text : "";
	bool commit = !strcmp(sub, "commit"), add = !strcmp(sub, "add"), said = false, editor = false;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (!strcmp(sub, never[i]))
			return tool_why;
	if (!strcmp(sub, "config"))
		return !strncmp(next, "--get", 5) || !strcmp(next, "--list") || !strcmp(next, "-l")
			   ? NULL
			   : tool_why;
	for (size_t i = at + 1; i < n && strcmp(words[i].text, "--") != 0; i++) {
		const char *text = words[i].text;
		if ((!strcmp(sub, "submodule") && !strcmp(text, "foreach")) ||
		    (!strcmp(sub, "bisect") && !strcmp(text, "run")))
			return tool_why;
		if (add && text[0] == '-' && text[1] != '-' && strpbrk(text, "ei"))
			return editor_why;
		said |= git_message(text, &editor);
	}
	return commit && (!said || editor) ? editor_why : NULL;
}
