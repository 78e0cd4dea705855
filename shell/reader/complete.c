/* complete.c: completion runs nothing.
 *
 * To complete a file's name bash expands what stands before it, and though it leaves $(…) alone there, it
 * evaluates subscripts and arithmetic, and what is substituted in those is run: "${x[$(…)]}/ and a Tab.  So a
 * line that has more in it than $NAME is not completed.
 *
 * bash 5.2 frees what glob-expand-word found the last time before it looks whether Ctrl-C was typed, and,
 * thrown out there, frees it again the next time.  So we look before.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"

static char **(*of_bash)(const char *, int, int);
static bool taken; /* are bash's hooks here? */
static int (*directory)(char **), (*rewrite)(char **), (*status)(char **);

/* What may evaluate something when it is expanded. */
static bool evaluates(const char *line)
{
	for (; *line; line++)
		if (*line == '`' || (strchr("$<>", *line) && line[1] && strchr("({[", line[1])))
			return true;
	return false;
}

static char **none(const char *text, int start, int end)
{
	(void)text;
	(void)start;
	(void)end;
	rl_attempted_completion_over = 1;
	return NULL;
}

static void take_hooks(bool away)
{
	if (away) {
		directory = rl_directory_completion_hook;
		rewrite = rl_directory_rewrite_hook;
		status = rl_filename_stat_hook;
	}
	rl_directory_completion_hook = away ? NULL : directory;
	rl_directory_rewrite_hook = away ? NULL : rewrite;
	rl_filename_stat_hook = away ? NULL : status;
	taken = away;
}

/* Called at the beginning of every completion, whatever kind of it.  bash sets its hooks again for each that
 * is its own, and some have no function of ours to be asked first. */
static char *begin(void)
{
	QUIT;
	bool safe = !evaluates(rl_line_buffer);
	if (rl_attempted_completion_function && rl_attempted_completion_function != none)
		of_bash = rl_attempted_completion_function;
	if (rl_attempted_completion_function)
		rl_attempted_completion_function = safe ? of_bash : none;
	if (safe == taken)
		take_hooks(!safe);
	return NULL;
}

void complete_begin(void)
{
	rl_completion_word_break_hook = begin;
}
