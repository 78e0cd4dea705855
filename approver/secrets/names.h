/* names.h: is what bears this name a secret?
 *
 * Names of variables, options, members, headers and query parameters are one vocabulary here: DB_PASSWORD,
 * --db-password, dbPassword and db.password are read alike.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_NAMES_H
#define WHOSH_SECRETS_NAMES_H

#include <stddef.h>

enum secrecy {
	SECRECY_NONE,
	SECRECY_RANDOM, /* a secret if it looks random: the same name is often given to what is none */
	SECRECY_WEAK,   /* a secret unless it is a path, a number, a URL or very short */
	SECRECY_STRONG  /* a secret whatever it looks like */
};

enum { NAME_LONGEST = 64 }; /* of a longer one the end decides */

enum secrecy name_secrecy(const char *name, size_t len);
/* The same for an option's: "--no-password" and "--with-token" are followed by no secret. */
enum secrecy option_secrecy(const char *name, size_t len);

#endif
