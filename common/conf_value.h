/* conf_value.h: the forms that the values of whosh.conf(5) have; conf.c reads the file.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_CONF_VALUE_H
#define WHOSH_CONF_VALUE_H

#include "common/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum conf_form {
	FORM_NAMES,    /* of variables, blanks between */
	FORM_URL,      /* https://HOST[:PORT] */
	FORM_PATH,     /* kept absolute */
	FORM_KEY,      /* an Ed25519 public key, or the path of a file that holds one; kept as the key */
	FORM_DURATION, /* 90s, 10m, 1h */
	FORM_LAPSE     /* kill, finish */
};

/* The form to keep of a value, malloc'd; NULL with what is wrong in *why.  `file`: the absolute path of the
 * file that it came from, beside which its paths are; NULL when it came from elsewhere.  `owner`: as for
 * read_trusted. */
char *conf_value(enum conf_form form, const char *value, const char *file, uid_t owner, const char **why);

/* Is it https://HOST[:PORT], read the same way by every reader? */
bool approver_url(const char *url);

/* The path as it holds wherever the process goes later, malloc'd. */
char *absolute_path(const char *path);

/* Read a file that decides whom to believe: it belongs to root, to this account or to `owner`, nobody else
 * can change it, and it holds no NUL.  NULL when it was read, else why not; *missing: there is none. */
const char *read_trusted(const char *path, uid_t owner, size_t max, struct buf *out, bool *missing);

#endif
