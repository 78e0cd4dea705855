/* policy_session.h: what a session has changed that a line may use, and the files that the line reads with
 * `.`.
 *
 * In a session a word need not mean what it says: an earlier line may have defined a function of that name.
 * The host's half sends along whatever may matter to a line ("meaning") and the text of the files it sources
 * ("sourced"); see whosh-protocol(7).  Policy, reviewers and auditors all read it through this.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_SESSION_H
#define WHOSH_POLICY_SESSION_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum change_kind {
	CHANGE_FUNCTION, /* text: its definition, as bash prints it */
	CHANGE_ALIAS,    /* text: its value */
	CHANGE_VARIABLE, /* no text: values may be secret */
	CHANGE_HASH,     /* text: the path that the name stands for */
	CHANGE_BUILTIN,
	CHANGE_OPTION,
	CHANGE_TRAP,      /* text: what it runs */
	CHANGE_ATTRIBUTE, /* of a variable; text: its letters, as `declare` takes them */
	CHANGE_KINDS
};

struct session_change {
	enum change_kind kind;
	const char *name;
	const char *text; /* NULL: not sent; holds no NUL */
	size_t len;
};

struct session_file {
	const char *path;
	const char *text; /* any bytes */
	size_t len;
};

/* Sorted, by kind and name and by path, none twice.  Borrows from the JSON it was read from. */
struct policy_session {
	struct session_change *changes;
	size_t n_changes;
	struct session_file *files;
	size_t n_files;
	char **decoded; /* texts that came as base64 */
	size_t n_decoded;
};

enum { SESSION_MAX = 2000 }; /* changes, and files */

/* Read the members "meaning" and "sourced" of `object`, each of which may be absent.  false when they are
 * malformed, with a phrase in `why`.  Finish it either way. */
bool policy_session_read(struct policy_session *session, const struct cJSON *object, char why[160]);
void policy_session_finish(struct policy_session *session);

/* NULL when there is none. */
const struct session_change *session_change(const struct policy_session *session, enum change_kind kind,
					    const char *name);
const struct session_file *session_file(const struct policy_session *session, const char *path);

/* "function", "alias" … */
const char *change_kind_name(enum change_kind kind);

#endif
