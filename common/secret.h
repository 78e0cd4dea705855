/* secret.h: frames that nobody else can have a hand in.
 *
 * The session's shell and whosh speak on sockets whose descriptors a line of the session can name (printf x
 * >&230).  So each question has a secret, made when its line has been read, which is the first and the last
 * field of the question and of all that belongs to it, the answer included.  A frame that somebody else wrote
 * does not have it; one that had bytes put before or into it does not begin or end with it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRET_H
#define WHOSH_SECRET_H

#include "common/wire.h"

enum { SECRET_LEN = 16 };
struct secret {
	char bytes[SECRET_LEN];
};

/* false: there is no randomness. */
bool secret_new(struct secret *secret);
/* As wire_begin and wire_end. */
void secret_begin(struct buf *out, enum wire_type type, const struct secret *secret, size_t *mark);
void secret_end(struct buf *out, const struct secret *secret, size_t mark);
/* Take it from a question that begins and ends with one. */
bool secret_take(struct secret *secret, const struct wire_message *question);
/* Does this frame begin and end with it? */
bool secret_in(const struct secret *secret, const struct wire_message *message);

#endif
