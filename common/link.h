/* link.h: the way to a broker, for whosh and for whoctl inside an agent's command.
 *
 * The host's broker listens on a unix socket.  Only where nothing is there at all (no socket, or nobody
 * behind it) is a private broker started, on a socketpair: the same program, the same conversation.  A socket
 * that is there but refuses us, or a broker that the system's configuration promises and that is away, is an
 * error: to go on with a private one would be to choose one's own identity.
 *
 * Libc only: the gate links it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LINK_H
#define WHOSH_LINK_H

#include "common/conf.h"
#include "common/wire.h"

struct link {
	int fd;       /* -1: not connected */
	bool private; /* a broker of our own */
	struct buf in;
	size_t shown; /* of `in`, the frame that was handed out last */
};

/* Connect.  `self` is the path of this program, beside which whosh-broker is; `environment` ours, of which a
 * private broker is given the few that it needs.  false with a malloc'd sentence in *error (NULL: out of
 * memory). */
bool link_open(struct link *link, const struct conf *conf, const char *self, char *const *environment,
	       char **error);
void link_close(struct link *link);

/* The next frame; blocks at most timeout_ms (-1: for ever).  false when the broker is gone, silent or speaks
 * garbage.  The frame is borrowed until the next call. */
bool link_read(struct link *link, struct wire_message *message, int timeout_ms);
/* The same that tells apart: 1: a frame; 0: none in time; -1: the broker is gone or speaks garbage. */
int link_next(struct link *link, struct wire_message *message, int timeout_ms);
bool link_write(struct link *link, const struct buf *frame);

/* The path of what belongs to this program: beside it where it was built, else where it is installed. `mode`:
 * as access(2) has it. */
void link_find_beside(const char *self, const char *name, int mode, char *path, size_t size);

/* What a private broker is given: PATH, HOME, and the variables that say where the approver is; NULL when out
 * of memory.  The entries are borrowed. */
char **environment_for_broker(char *const *from);

#endif
