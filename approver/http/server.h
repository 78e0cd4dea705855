/* server.h: the approver while it serves: what its parts share, and its life.
 *
 * Threads.  The HTTP library's pool (SERVER_THREADS) parses, verifies and evaluates policy; one writer thread
 * changes the store, signs permits and answers what waited for it (writer.h); one housekeeping thread looks
 * at deadlines.  A command that waits for a person and a poll that waits for news cost memory, never a
 * thread.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_SERVER_H
#define WHOSH_HTTP_SERVER_H

#include "approver/store/store.h"
#include "common/jws.h"
#include <stdatomic.h>

struct chain_cache;
struct delegations;
struct live;
struct people;
struct registry;
struct writer;
struct policy_box;
struct events;
struct connections;
struct kills;
struct housekeeping;
struct exchanger;
struct secrets;
struct MHD_Daemon;

enum { SERVER_THREADS = 2, MAX_BODY = 1 << 20, CLOCK_TOLERANCE_S = 60, PERMIT_S = 30, LEASE_GRACE_S = 15 };

/* What the operator of the approver chose; borrowed for as long as the server lives. */
struct server_settings {
	const char *dir;  /* holds policy.json */
	const char *name; /* `aud` of every message to us */
	const struct signing_key *permit_key;
	const char *tls_cert, *tls_key; /* PEM texts */
	int listen_fd;                  /* bound and listening; the server closes it */
	int64_t review_timeout_s;       /* the longest that a command waits for a person */
	int64_t lease_s;
	int64_t idle_s;  /* a connection with nothing going on is closed after this */
	int64_t slow_s;  /* a whole request must be here within this */
	size_t max_live; /* commands pending and running at once */
	unsigned max_connections;
};

struct server {
	struct server_settings settings;
	struct store *store;
	struct log *log; /* the store's, for reading */
	struct registry *registry;
	struct people *people;
	struct delegations *delegations;
	struct chain_cache *chains;
	struct public_key *permit_public; /* of settings.permit_key */
	struct live *live;
	struct kills *kills;
	struct writer *writer;
	struct policy_box *policy;
	struct events *events;
	struct connections *connections;
	struct housekeeping *housekeeping;
	struct exchanger *exchanger;
	struct secrets *secrets; /* what is masked in what people are shown */
	struct MHD_Daemon *daemon;
	int64_t started;          /* wall, ms */
	_Atomic int64_t log_size; /* events committed */
	_Atomic int unwritable;   /* errno of the last group when it could not be kept, else 0 */
	_Atomic bool ending;
	_Atomic int64_t active; /* requests that have no answer yet */
};

/* Start serving; NULL after logging why.  The store is borrowed. */
struct server *server_new(const struct server_settings *settings, struct store *store);
/* Read DIR/policy.json, DIR/exchange.json and DIR/secrets.json again: of each the whole or nothing, with the
 * reason in the log.
 */
void server_reload(struct server *server);
/* Answer what is there, refuse what comes, write everything down, and end. */
void server_free(struct server *server);

/* The calling thread's own reader of the store; NULL after logging why. */
struct store_reader *server_reader(struct server *server);
/* Free those of all threads; none may be in use. */
void server_readers_free(void);

#endif
