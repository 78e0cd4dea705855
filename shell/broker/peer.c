/* peer.c: who is at the other end of a socket.
 *
 * The gate's own word on who it is counts for nothing: it runs as the agent.  A name is looked up
 * once a minute; getpwuid may ask a directory server, and the loop must not wait for one each time.  Not only
 * once: an account may be removed and its number given to another, whose key is not the first one's.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/peer.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WARN_MS = 10000, NAMED_MS = 60000 };

/* The name that the number has now.  When none is found the one that is known stays: a directory server may
 * be away. */
static void look_up(struct peer *peer)
{
	const struct passwd *entry = getpwuid(peer->uid);
	char *user = entry && entry->pw_name[0] ? strdup(entry->pw_name) : NULL;
	peer->named = clock_mono_ms();
	if (!user && !peer->user && asprintf(&user, "%u", (unsigned)peer->uid) < 0)
		user = NULL;
	if (!user)
		return;
	free(peer->user);
	peer->user = user;
}

static struct peer *peer_new(uid_t uid)
{
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	peer->uid = uid;
	look_up(peer);
	if (!peer->user) {
		free(peer);
		errno = ENOMEM;
		return NULL;
	}
	return peer;
}

struct peer *peer_of(struct peer **all, int fd)
{
	struct ucred credentials;
	socklen_t len = sizeof credentials;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return NULL;
	if (len != sizeof credentials || credentials.uid == (uid_t)-1) {
		errno = EPERM;
		return NULL;
	}
	for (struct peer *peer = *all; peer; peer = peer->next)
		if (peer->uid == credentials.uid) {
			if (clock_mono_ms() - peer->named >= NAMED_MS)
				look_up(peer);
			return peer;
		}
	struct peer *peer = peer_new(credentials.uid);
	if (!peer)
		return NULL;
	peer->next = *all;
	*all = peer;
	return peer;
}

bool peer_charge(struct peer *peer, size_t bytes)
{
	if (bytes > PEER_MAX_BYTES - peer->bytes)
		return false;
	peer->bytes += bytes;
	return true;
}

void peer_release(struct peer *peer, size_t bytes)
{
	peer->bytes -= bytes;
}

void peer_warn(struct peer *peer, const char *what)
{
	int64_t now = clock_mono_ms();
	if (peer->warned && now - peer->warned < WARN_MS)
		return;
	peer->warned = now;
	log_line(LOG_LEVEL_WARNING, what, "user", peer->user, NULL);
}

void peers_free(struct peer **all)
{
	while (*all) {
		struct peer *next = (*all)->next;
		free((*all)->user);
		free(*all);
		*all = next;
	}
}
