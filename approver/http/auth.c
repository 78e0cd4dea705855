/* auth.c: sign-in of operators.
 *
 * A token is 256 random bits, so guessing is hopeless at any rate; failures are limited so that a guesser can
 * neither fill the log nor keep us hashing, and so that he is told to go away.  The limit never touches a
 * good token: nobody can lock an operator out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/auth.h"
#include "approver/http/attempts.h"
#include "approver/http/metrics.h"
#include "approver/http/refusals.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FAILURES_ALLOWED = 10, SIGN_IN_AGAIN_MS = 15 * 60 * 1000, MAX_TOKEN = 256 };

static bool failed(struct request *r, bool tried)
{
	if (!tried)
		return answer_problem(r, PROBLEM_SIGN_IN, "this needs an operator's token");
	static struct attempts failures = ATTEMPTS_INIT;
	char address[ADDRESS_SIZE];
	request_address(r, address);
	metric_add(METRIC_SIGN_INS_FAILED, 1);
	if (attempts_too_many(&failures, address, FAILURES_ALLOWED)) {
		answer_problem(r, PROBLEM_RATE, "too many failed sign-ins from this address");
		r->retry_after = ATTEMPTS_WINDOW_S;
		return true;
	}
	char reason[128];
	snprintf(reason, sizeof reason, "an operator's token that is not known, from %s", address);
	return refuse(r, PROBLEM_SIGN_IN, reason, NULL, NULL);
}

/* Each request carries the token; what is logged is that an operator begins, or is still there a while later.
 */
static void note_sign_in(struct request *r, struct operator_account *o)
{
	int64_t now = clock_wall_ms(), before = o->signed_in;
	if (now - before < SIGN_IN_AGAIN_MS || !atomic_compare_exchange_strong(&o->signed_in, &before, now))
		return;
	char address[ADDRESS_SIZE];
	struct buf body BUF_AUTO = BUF_INIT;
	request_address(r, address);
	metric_add(METRIC_SIGN_INS, 1);
	buf_adds(&body, "{\"operator\":");
	json_add_string(&body, o->name, strlen(o->name));
	buf_addf(&body, ",\"role\":\"%s\",\"from\":\"%s\"}", role_name((enum role)o->role), address);
	log_line(LOG_LEVEL_INFO, "operator signed in", "operator", o->name, "from", address, NULL);
	record_event(r->server, EVENT_OPERATOR_SIGN_IN, o->name, &body);
}

bool auth_operator(struct request *r, enum role least)
{
	const char *header = MHD_lookup_connection_value(r->http, MHD_HEADER_KIND, "Authorization");
	if (!header || strncasecmp(header, "Bearer ", 7) != 0) {
		failed(r, header != NULL);
		return false;
	}
	const char *token = header + 7;
	size_t len = strnlen(token, MAX_TOKEN + 1);
	struct operator_account *o =
	    len && len <= MAX_TOKEN ? registry_sign_in(r->server->registry, token, len) : NULL;
	if (!o) {
		failed(r, true);
		return false;
	}
	note_sign_in(r, o);
	if (o->role < (int)least) {
		answer_problemf(r, PROBLEM_FORBIDDEN, "this needs the role %s; %s is %s", role_name(least),
				o->name, role_name((enum role)o->role));
		return false;
	}
	r->operator_account = o;
	return true;
}
