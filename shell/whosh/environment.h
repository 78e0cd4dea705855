/* environment.h: which variables are removed, which are sent with the request, and which the command is
 * given.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_ENVIRONMENT_H
#define WHOSH_ENVIRONMENT_H

#include "common/wire.h"

/* Does this NAME=value load code before or beside the line? */
bool environment_loads_code(const char *entry);
/* Is NAME (of this NAME=value) in the list of names separated by blanks? `names` may be NULL. */
bool environment_kept(const char *entry, const char *names);
/* Is it one that the broker is told (identity, ssh, trace, harness)? */
bool environment_told(const char *entry);

/* The environment for the command: `from` without what loads code (unless kept), with what the permit gives.
 * `whosh` is the path of this program, `interpreter` what `_` should name.  A malloc'd array whose new
 * entries are malloc'd too; the process exits or execs after, so nothing is freed.  NULL when out of memory.
 */
char **environment_build(char *const *from, const char *keep, const struct wire_message *permit,
			 const char *whosh, const char *interpreter);

/* What a permit gives a session's line: NAME=value each, as WIRE_ENV_OUT fields. */
void environment_tell(const struct wire_message *permit, struct buf *out);
/* Is this the stamp of a whosh around us, which a session's lines are to have one of their own for? */
bool environment_outer_stamp(const char *entry, char *const *from);

/* The value of the first NAME= in an environment, borrowed; NULL when there is none. */
const char *environment_value(char *const *env, const char *name);

#endif
