/* serve_listen.h: the socket that whoshd listens on, and what it tells a service manager.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_SERVE_LISTEN_H
#define WHOSH_WHOSHD_SERVE_LISTEN_H

#include <stddef.h>

/* Bind and listen on "ADDR:PORT" ("[::1]:8443" for IPv6; port 0: any).  The descriptor, with the bound
 * address in the same form in `bound`; -1 with a malloc'd sentence in *error. */
int listen_on(const char *address, char *bound, size_t size, char **error);

/* sd_notify(3) without its library: send `state` to NOTIFY_SOCKET, if there is one. */
void tell_manager(const char *state);

#endif
