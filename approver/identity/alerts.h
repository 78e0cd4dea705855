/* alerts.h: signs that a key or a session is in two hands: refused like any other bad identity, and told.
 *
 * An alert is an event of the log, a log line, a count, and an event of the stream.  Whoever holds a stolen
 * key could make very many: beyond a burst one a second is kept, but of each kind about each agent one in ten
 * seconds is kept whatever comes of others.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_ALERTS_H
#define WHOSH_IDENTITY_ALERTS_H

#include "approver/identity/registry.h"
#include "approver/http/request.h"

enum alert_kind {
	ALERT_KEY_ENROLLED, /* "key_enrolled_twice": an agent was to be given another agent's key */
	ALERT_KEY_USED, /* "key_of_another_agent": a command says one agent and is signed by another's key */
	ALERT_SESSION,  /* "session_of_two_keys" */
	ALERT_KINDS
};

struct alert {
	enum alert_kind kind;
	const char *reason;                                   /* a sentence */
	struct credential *credential;                        /* the key in question, and so the agent */
	const char *other_agent, *other_credential, *session; /* NULL: not applicable */
};

void alert_raise(struct server *server, const struct alert *alert);

/* Refuse a command whose signature is by no key of the agent it names (or there is no such agent), and alert
 * when it is by a key of another. */
bool refuse_signature(struct request *request, const char *reason, const char *agent);
/* Refuse a command whose session is bound to another key, and alert unless the one was rotated from the
 * other. */
bool refuse_session(struct request *request, struct store_reader *reader, const char *session,
		    const char *credential);

#endif
