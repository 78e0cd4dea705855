/* https.h: what every HTTPS request of whosh has in common, over libcurl.
 *
 * What an option's default would take from the machine or from the other side (proxies, .netrc, redirects,
 * other protocols, HTTP/0.9) is switched off by name, here and nowhere else.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTPS_H
#define WHOSH_HTTPS_H

#include "common/buf.h"
#include <curl/curl.h>
#include <stdbool.h>

/* Make curl's requests https alone, at TLS 1.tls_minor or later (RFC 8446 is 3), to a peer whose certificate
 * and name are verified, straight and without a redirect, as `program` of this version.  Whom the
 * certificate has to be signed by is the caller's to say (CURLOPT_CAINFO and its like).  False: libcurl could
 * not be set up so, and curl must not be used. */
bool https_only(CURL *curl, int tls_minor, const char *program);

/* For a CURLOPT_WRITEFUNCTION: add what came to answer.  Returns len, or 0 (which fails the transfer) when
 * answer would hold more than max bytes or memory ran out. */
size_t https_keep(struct buf *answer, size_t max, const char *bytes, size_t len);

#endif
