/* handler.h: between the HTTP library and the routes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_HANDLER_H
#define WHOSH_HTTP_HANDLER_H

#include "approver/http/server.h"

/* Start the library on the settings' socket, server->daemon; 0, or -1 after logging why. */
int handler_start(struct server *server);
/* Accept no more connections. */
void handler_quiesce(struct server *server);
/* End every connection and the library's threads. */
void handler_stop(struct server *server);

#endif
