/* arguments.h: what whosh was called with: bash's own command line, as far as it can be approved.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_ARGUMENTS_H
#define WHOSH_ARGUMENTS_H

#include <stdbool.h>

enum call {
	CALL_LINE,   /* -c LINE */
	CALL_SCRIPT, /* FILE */
	CALL_BARE,   /* neither: a forced command, or a session */
	CALL_STDIN,  /* -s */
	CALL_CHECK,
	CALL_VERSION,
	CALL_HELP
};

struct arguments {
	enum call call;
	bool login, dash; /* argv[0] begins with '-' (dash), or -l */
	const char
	    *name; /* argv[0] when it is neither whosh's nor bash's own: a link, or exec -a; else NULL */
	bool interactive;  /* -i */
	const char **told; /* options by which the line is read otherwise, or its words become others */
	int n_told;
	const char *line; /* CALL_LINE */
	const char *file; /* CALL_SCRIPT */
	char **rest;      /* ARG0 ARG… of a line, ARG… of a script; borrowed from argv */
	int n_rest;
	char **options; /* for the interpreter, in order: "-e", "-o", "pipefail" …; free() the array, not the
			   strings */
	int n_options;
};

/* NULL, or a malloc'd sentence on what is wrong with them.  `arguments` is filled in either way. */
char *arguments_parse(struct arguments *arguments, int argc, char **argv);
void arguments_finish(struct arguments *arguments);

#endif
