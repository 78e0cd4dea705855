/* serve_client_conf.h: client.conf follows the address that is really listened on.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_SERVE_CLIENT_CONF_H
#define WHOSH_WHOSHD_SERVE_CLIENT_CONF_H

/* Make `approver` in DIR/client.conf lead to `bound` ("127.0.0.1:8443").  A host name there is the
 * administrator's and stays while its port is right; so does everything when the file is not there.  Trouble
 * is logged only. */
void client_conf_follow(const char *dir, const char *bound);

#endif
