/* feed_tls.h: a TLS connection that one thread writes to, and can be told to give up (OpenSSL).
 *
 * TLS 1.2 or later, to a peer whose certificate is signed by the one configured CA and is for the configured
 * name (RFC 5425 section 5.2, RFC 9525); never the system's CAs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_FEED_TLS_H
#define WHOSH_FEEDS_FEED_TLS_H

#include "approver/feeds/sink.h"

struct feed_tls;

/* Connect and shake hands; NULL with *fault. */
struct feed_tls *feed_tls_open(const struct feed_conf *conf, _Atomic bool *stop, struct fault *fault);
bool feed_tls_write(struct feed_tls *tls, const char *bytes, size_t len, struct fault *fault);
/* Is it still there?  Reads away what the peer may say. */
bool feed_tls_alive(struct feed_tls *tls, struct fault *fault);
/* Bytes on the wire so far, and how many of them the peer's host has acknowledged (TCP). */
uint64_t feed_tls_written(struct feed_tls *tls);
uint64_t feed_tls_acknowledged(struct feed_tls *tls);
/* Say that it is over and wait a moment for the peer to say so too, which it does when it has read all: true
 * when it did. */
bool feed_tls_goodbye(struct feed_tls *tls);
void feed_tls_free(struct feed_tls *tls); /* NULL is allowed */

#endif
