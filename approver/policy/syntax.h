/* syntax.h: what a shell line would run, said only where bash is certain to agree.
 *
 * The parser reads a bash line (or a whole script) and lists every simple command that could run: in
 * pipelines, lists, groups, subshells, command and process substitutions, function bodies, loop and case
 * bodies.  It never guesses: whatever it does not fully understand becomes a doubt, and a line with a doubt
 * is approved by no pattern.  Being wrong in the other direction (calling a word literal that bash would
 * change) is a hole, and the differential tests hunt for it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_SYNTAX_H
#define WHOSH_POLICY_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* How sure we are of a word.
 * LITERAL: bash passes exactly `text`, one argument.
 * ONE:     exactly one argument, whose text is not known beforehand ("$x", "$(date)", ~user).
 * ANY:     zero or more arguments of unknown text (unquoted $x, "$@", globs, braces). */
enum sh_certainty { SH_LITERAL, SH_ONE, SH_ANY };

/* One word of the line.  `text` is its value after quote removal when LITERAL; otherwise its longest literal
 * prefix, so that a pattern can still say "begins with src/" (`text` is "" when nothing is certain).
 * `glob` is set when the word is non-literal only because of pathname expansion.
 * `start`, `end` are byte offsets of its source in the outermost line. */
struct sh_word {
	char *text;
	size_t len;
	enum sh_certainty certainty;
	bool glob;
	size_t start, end;
};

enum sh_redirect_kind {
	SH_READ,    /* < file */
	SH_WRITE,   /* > >| &> <> file */
	SH_APPEND,  /* >> &>> file */
	SH_DUP,     /* 2>&1 <&3 >&- : nothing is opened */
	SH_HEREDOC, /* << and <<- ; the body's substitutions are listed as commands of their own */
	SH_HERESTR  /* <<< word */
};

struct sh_redirect {
	enum sh_redirect_kind kind;
	bool input;  /* of descriptor 0 */
	size_t from; /* where its text begins in what was parsed, the descriptor's number first */
	struct sh_word target;
};

/* NAME=value before a command (or alone). `value` is as certain as it says. */
struct sh_assignment {
	char *name;
	bool append; /* NAME+=value */
	struct sh_word value;
};

/* One simple command.  A redirection on a compound command ({ …; } > f, done < f) is listed as a command
 * with no words and that redirection. */
struct sh_command {
	struct sh_word *words;
	size_t n_words;
	struct sh_assignment *assignments;
	size_t n_assignments;
	struct sh_redirect *redirects;
	size_t n_redirects;
	size_t feeder; /* the simple command on the other end of the pipe that it reads, counted from 1; 0:
			  none */
	size_t start, end;
};

/* A place where the parser is not sure; `why` is a static string, a phrase for a person. */
struct sh_doubt {
	const char *why;
	size_t start, end;
};

struct sh_script {
	struct sh_command *commands;
	size_t n_commands;
	struct sh_doubt *doubts;
	size_t n_doubts;
	char **functions; /* names the line defines; a command of that name runs the body, listed here too */
	size_t n_functions;
};

/* Parse `len` bytes of `line` (any bytes; NUL is a doubt).  Never fails but for memory: a line that is not
 * understood comes back with a doubt.  Returns NULL only when out of memory.  Free with sh_script_free. */
struct sh_script *sh_parse(const char *line, size_t len);
void sh_script_free(struct sh_script *script);

#endif
