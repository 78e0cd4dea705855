/* listen.h: the system broker's socket, made by systemd or by itself; and telling systemd that it is ready.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_LISTEN_H
#define BROKER_LISTEN_H

#include "shell/broker/broker.h"

struct listener;

/* The socket handed over by systemd (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS), else one bound to `path`,
 * mode 0666 since any user may ask (who asks is known by SO_PEERCRED).  NULL with a malloc'd sentence in
 * *error, also when another broker is listening there. */
struct listener *listener_new(struct broker *broker, const char *path, char **error);
/* Take no more shells; a socket of our own is removed.  Those that wait to be accepted are left to the next
 * broker when systemd keeps the socket. */
void listener_free(struct listener *listener);

/* sd_notify(3): does nothing when NOTIFY_SOCKET is not set. */
void notify_manager(const char *state);

#endif
