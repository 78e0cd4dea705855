/* row_work.h: a change of one agent, credential or operator, through the writer into the store and then
 * memory.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IDENTITY_ROW_WORK_H
#define WHOSH_IDENTITY_ROW_WORK_H

#include "approver/http/request.h"

enum row_kind { ROW_AGENT, ROW_CREDENTIAL, ROW_OPERATOR };

struct row_change {
	enum row_kind kind;
	bool must_be_new; /* 409 when an entry of that name was made meanwhile */
	union {
		struct agent_row agent;
		struct credential_row credential;
		struct operator_row account;
	} row;                 /* strings are copied */
	enum event_kind event; /* logged with it; EVENT_KINDS: none */
	const char *subject;   /* of the event */
	struct kill *kill; /* ends what runs by what is taken away (kill_work.h); taken over; NULL: none */
	struct buf body;   /* of the event; taken over */
	/* Say the answer when it is kept; NULL: 204.  The row as it is then. */
	void (*answer)(struct request *request, const struct row_change *change);
	void *context; /* for `answer`; freed (wiped to its NUL) after */
};

/* Suspend the request (if any) and hand the change over. */
void row_change_push(struct server *server, const struct row_change *change, struct request *request);

#endif
