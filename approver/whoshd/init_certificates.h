/* init_certificates.h: the approver's own CA and server certificate (X.509v3, RFC 5280), made with OpenSSL.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_INIT_CERTIFICATES_H
#define WHOSH_WHOSHD_INIT_CERTIFICATES_H

#include "common/buf.h"

struct certificates {
	struct buf ca, ca_key, server, server_key; /* PEM; wipe the keys */
};

/* ECDSA P-256 both; the server's names are localhost, 127.0.0.1, ::1 and `names` (host names or addresses).
 * false when OpenSSL refuses one of them. */
bool certificates_make(struct certificates *made, char *const *names, int n_names);
void certificates_finish(struct certificates *made);

#endif
