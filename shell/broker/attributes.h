/* attributes.h: who an ask says it comes from: the identity that an agent's environment carries.
 *
 * Everything here but the agent ID (compared with the token) is the agent's own claim; the approver grades
 * it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_ATTRIBUTES_H
#define BROKER_ATTRIBUTES_H

#include "common/token.h"
#include "common/uuid.h"
#include "common/wire.h"

/* Why a shell is refused: the exit status, what to say, what to do about it. */
struct refusal {
	int status;
	char *reason;     /* malloc'd */
	const char *hint; /* static, or NULL */
};
void refusal_finish(struct refusal *refusal);
/* Fill in; false, so that `return ask_refuse(…)` reads as what it is. */
bool ask_refuse(struct refusal *why, int status, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Strings are malloc'd or NULL; sources are static or NULL. */
struct attributes {
	char session[UUID_LEN + 1];
	char *parent, *agent_version, *model, *task, *task_sha256, *chain, *trace;
	char *harness;
	char *ssh_client, *ssh_original;
	const char *session_source, *agent_version_source, *model_source, *task_source, *task_sha256_source;
};

/* Read them from an ASK (or CHECK) for the holder of `token`.  false with *why. */
bool attributes_read(struct attributes *attributes, const struct wire_message *ask, const struct token *token,
		     struct refusal *why);
void attributes_finish(struct attributes *attributes);

/* The value of a variable among the ask's WIRE_ENV fields, malloc'd; NULL when it is not there, empty, or
 * holds a NUL. */
char *ask_variable(const struct wire_message *ask, const char *name);

#endif
