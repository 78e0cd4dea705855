/* serve_load.h: what `whoshd serve` needs from its state directory.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOSHD_SERVE_LOAD_H
#define WHOSH_WHOSHD_SERVE_LOAD_H

#include "approver/http/server.h"
#include "common/buf.h"

struct serve_files {
	char *dir;            /* absolute */
	struct buf cert, key; /* PEM */
	struct signing_key *permit_key;
	char name[64]; /* "whoshd:" and the beginning of the permit key's thumbprint */
	char *listen;  /* of server.conf; NULL */
	int64_t review_timeout_s, lease_s, idle_s, slow_s, max_live,
	    max_connections; /* of server.conf or the default */
};

/* Read everything but the database and the policy.  false with a malloc'd sentence in *error; finish either
 * way. */
bool serve_files_load(struct serve_files *files, const char *dir, char **error);
/* The approver's name, of its permit key's thumbprint (RFC 7638). */
void approver_name(const char *thumbprint, char name[64]);
void serve_files_finish(struct serve_files *files);

#endif
