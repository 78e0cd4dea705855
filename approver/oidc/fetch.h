/* fetch.h: the keys of an issuer, from the URL where it publishes them.
 *
 * What is believed is narrow: https only, TLS 1.2 or later, the one CA that the configuration names, no
 * redirect followed, no proxy taken from the environment, 256 KiB and 10 s at most.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_FETCH_H
#define WHOSH_OIDC_FETCH_H

#include "approver/oidc/jwks.h"
#include "common/buf.h"
#include <stdatomic.h>

/* Once a process, before any thread of it fetches.  false when libcurl cannot be started. */
bool fetch_start(void);
/* Fetch and take apart; NULL with a malloc'd sentence in *error.  Ends soon after *stop has become true. */
struct jwks *fetch_keys(const char *url, const struct buf *ca, _Atomic bool *stop, char **error);

#endif
