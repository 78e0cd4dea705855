/* housekeeping.h: the thread that looks at the clock.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_HOUSEKEEPING_H
#define WHOSH_HTTP_HOUSEKEEPING_H

struct housekeeping;
struct server;

struct housekeeping *housekeeping_new(struct server *server);
/* Stop the thread and free; NULL is allowed. */
void housekeeping_free(struct housekeeping *housekeeping);
/* Hand the writer a row for each credential and agent used since the last time. */
void housekeeping_save_uses(struct server *server);

#endif
