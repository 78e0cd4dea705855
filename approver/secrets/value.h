/* value.h: what stands where a secret is expected: how far it goes, and whether it is one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_VALUE_H
#define WHOSH_SECRETS_VALUE_H

#include "approver/secrets/names.h"
#include <stdbool.h>

struct value {
	size_t start, end;
	char quote;  /* that it stands in; 0: none */
	bool closed; /* and that is closed right behind it */
};

/* The last run of bytes that was looked through to its end: a value that begins within it ends there, and
 * need not be read again.  All 0 at first. */
struct run {
	size_t start, end;
};

/* What begins at `at`, where a quote may stand.  `trusted`: a quote there certainly begins a string of the
 * shell.  False: nothing. */
bool value_read(struct value *value, const char *text, size_t len, size_t at, bool trusted, struct run *run);
/* May this byte be in a finding that stands in no quotes? */
bool value_byte(char byte);
/* Does a variable or a substitution of the shell begin here? */
bool expansion_at(const char *text, size_t len, size_t at);
/* Would something of that secrecy with this value be a secret? */
bool value_is_secret(const struct value *value, const char *text, size_t len, enum secrecy secrecy);
/* Letters and digits, enough of both: no word. */
bool looks_random(const char *text, size_t len);

#endif
