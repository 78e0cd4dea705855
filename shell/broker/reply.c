/* reply.c: the frames that a broker sends to a shell.
 *
 * A permit carries stamps: variables that well-known clients pass on, so that a database server's log or a
 * cloud's audit trail names the agent and the command too.  The gate sets each only where it is not set
 * already.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/reply.h"
#include "common/wire.h"
#include <stdio.h>
#include <string.h>

enum { PGAPPNAME_MAX = 63 }; /* PostgreSQL: NAMEDATALEN - 1 */

static void optional(struct buf *out, enum wire_tag tag, const char *text)
{
	if (text)
		wire_adds(out, tag, text);
}

void reply_hello(struct buf *out)
{
	size_t mark;
	wire_begin(out, WIRE_HELLO, &mark);
	wire_adds(out, WIRE_VERSION_TAG, WIRE_VERSION);
	wire_end(out, mark);
}

void reply_waiting(struct buf *out, const char *id, const struct waiting *waiting)
{
	size_t mark;
	wire_begin(out, WIRE_WAITING, &mark);
	wire_adds(out, WIRE_COMMAND_ID, id);
	optional(out, WIRE_RULE, waiting->rule);
	optional(out, WIRE_REASON, waiting->reason);
	wire_add_number(out, WIRE_REVIEWERS, waiting->reviewers);
	wire_add_number(out, WIRE_EXPIRES, waiting->expires);
	wire_end(out, mark);
}

static void stamps(struct buf *out, const struct request *request, const char *agent)
{
	struct buf stamp BUF_AUTO = BUF_INIT;
	const size_t name = strlen("PGAPPNAME=");
	buf_addf(&stamp, "PGAPPNAME=%s/%s", agent, request->id);
	if (stamp.len > name + PGAPPNAME_MAX)
		stamp.len = name + PGAPPNAME_MAX;
	wire_add(out, WIRE_ENV_OUT, stamp.data, stamp.len);
	buf_clear(&stamp);
	/* At most 50 characters, no slash (AWS SDK reference, application ID). */
	buf_addf(&stamp, "AWS_SDK_UA_APP_ID=whosh-%s", request->id);
	wire_add(out, WIRE_ENV_OUT, stamp.data, stamp.len);
	buf_clear(&stamp);
	buf_addf(&stamp, "OTEL_RESOURCE_ATTRIBUTES=whosh.agent=%s,whosh.session=%s,whosh.command=%s", agent,
		 request->session, request->id);
	wire_add(out, WIRE_ENV_OUT, stamp.data, stamp.len);
}

/* The caller's trace goes on; where there is none the command begins one, with its own ID (W3C Trace
 * Context). */
static void traceparent(struct buf *out, const struct request *request)
{
	char hex[UUID_LEN + 1], text[64];
	size_t n = 0;
	if (request->trace) {
		wire_adds(out, WIRE_TRACEPARENT, request->trace);
		return;
	}
	for (const char *at = request->id; *at; at++)
		if (*at != '-')
			hex[n++] = *at;
	hex[n] = '\0';
	snprintf(text, sizeof text, "00-%.32s-%.16s-01", hex, hex + n / 2);
	wire_adds(out, WIRE_TRACEPARENT, text);
}

void reply_permit(struct buf *out, const struct request *request, const char *agent, int64_t lease_ms)
{
	size_t mark;
	wire_begin(out, WIRE_PERMIT, &mark);
	wire_adds(out, WIRE_COMMAND_ID, request->id);
	wire_adds(out, WIRE_SESSION_ID, request->session);
	wire_adds(out, WIRE_AGENT_ID, agent);
	optional(out, WIRE_CHAIN, request->chain);
	traceparent(out, request);
	stamps(out, request, agent);
	if (lease_ms > 0)
		wire_add_number(out, WIRE_LEASE_MS, lease_ms);
	wire_end(out, mark);
}

void reply_kill(struct buf *out, const char *reason, bool own)
{
	size_t mark;
	wire_begin(out, WIRE_KILL, &mark);
	wire_adds(out, WIRE_REASON, reason);
	if (own)
		wire_adds(out, WIRE_OWN, "1");
	wire_end(out, mark);
}

void reply_refused(struct buf *out, int status, const char *reason, const char *rule, const char *id,
		   const char *hint)
{
	size_t mark;
	wire_begin(out, WIRE_REFUSED, &mark);
	wire_add_number(out, WIRE_STATUS, status);
	wire_adds(out, WIRE_REASON, reason);
	optional(out, WIRE_RULE, rule);
	optional(out, WIRE_COMMAND_ID, id);
	optional(out, WIRE_HINT, hint);
	wire_end(out, mark);
}

void reply_delegated(struct buf *out, const char *chain)
{
	size_t mark;
	wire_begin(out, WIRE_DELEGATED, &mark);
	wire_adds(out, WIRE_CHAIN, chain);
	wire_end(out, mark);
}

void reply_done(struct buf *out)
{
	size_t mark;
	wire_begin(out, WIRE_DONE, &mark);
	wire_end(out, mark);
}
