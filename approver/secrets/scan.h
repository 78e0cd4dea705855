/* scan.h: the state of one pass over a text, for the parts of find.c.
 *
 * Each of the parts is asked at one place of the text and looks forward or back from there.  To keep the pass
 * linear a part either takes what it looked through, or has looked at a bounded number of bytes, or at bytes
 * that no later place makes it look at again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_SCAN_H
#define WHOSH_SECRETS_SCAN_H

#include "approver/secrets/find.h"
#include "approver/secrets/value.h"

struct program;

struct scan {
	const char *text;
	size_t len;
	const struct own_patterns *own;
	struct findings *found;
	size_t at;    /* where the pass is */
	size_t taken; /* what is before this is in a finding, or was part of the mark of one */
	bool sure;    /* quotes can be told in this text: quotes.h */
	char quote;   /* the shell's state at `at` */
	const struct program *program; /* that the words here are given to; NULL: none that matters */
	bool subcommand;               /* the word that its options wait for was seen */
	bool setting;                  /* the word before was `set` */
	struct run run;
};

/* Take [start, end) as a secret; false when part of it is taken already. */
bool scan_take(struct scan *scan, size_t start, size_t end);
/* Read a value at `at` and take it when something of that secrecy would be a secret. */
bool scan_value(struct scan *scan, size_t at, bool trusted, enum secrecy secrecy);

/* Before and at a '=' and a ':' (assign.c, header.c), at "://" (url.c). */
void scan_assignment(struct scan *scan);
void scan_colon(struct scan *scan);
void scan_url(struct scan *scan);
/* At the beginning of a word: an option, and what it is given (option.c). */
void scan_option(struct scan *scan);
/* The word that ends at `end` is what `set` sets. */
void scan_setting(struct scan *scan, size_t end);
/* The word that begins here names a program, or is an option of the one that runs (program.c). */
void scan_word(struct scan *scan);
/* At "-----BEGIN " (pem.c). */
void scan_pem(struct scan *scan);

/* Where the name begins that ends before `end`; `end` when there is none. */
size_t name_before(const struct scan *scan, size_t end);
/* Is it `line`'s first word, or its last? */
bool at_line_start(const struct scan *scan, size_t at);
bool at_line_end(const struct scan *scan, size_t at);

#endif
