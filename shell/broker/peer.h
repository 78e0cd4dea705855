/* peer.h: who is at the other end of a socket, by the kernel's word; and what one user may take.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_PEER_H
#define BROKER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_MAX_SHELLS 4096        /* of one user at once, and commands that left processes behind */
#define PEER_MAX_BYTES (256u << 20) /* of one user's requests in memory at once */
#define BROKER_MAX_SHELLS 9000      /* of all: a live poll (1 MiB) can name each twice, when all are killed */

/* A user with shells here; kept for the life of the broker (there are few). */
struct peer {
	uid_t uid;
	char *user;    /* login name, or the number when it has none */
	int64_t named; /* when it was looked up (clock_mono_ms) */
	size_t shells, bytes;
	size_t left;    /* commands that have ended, and their processes have not */
	int64_t warned; /* when a warning about it was last logged (clock_mono_ms) */
	struct peer *next;
};

/* The peer of a connected socket (SO_PEERCRED: who it was at connect); NULL with errno. */
struct peer *peer_of(struct peer **all, int fd);
/* Account for `bytes` more; false (nothing counted) when that is over the limit. */
bool peer_charge(struct peer *peer, size_t bytes);
void peer_release(struct peer *peer, size_t bytes);
/* Log what it did wrong, at most once in ten seconds: a user must not be able to fill the log. */
void peer_warn(struct peer *peer, const char *what);
void peers_free(struct peer **all);

#endif
