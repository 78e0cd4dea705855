/* route_export.c: GET /v1/audit/export: the log in another program's format, as a stream.
 *
 * The answer is made while it is sent: what the client has not taken is not made, and what is made is sent
 * and forgotten.  Between two pieces nothing of the store is held open.  It ends where the log ended when it
 * began.  An answer that cannot be finished is broken off, so that no half of it looks like the whole.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export.h"
#include "approver/http/routes.h"
#include "approver/http/times.h"
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXPORTS = 8, PIECE = 32 * 1024 };

struct download {
	struct request *request;
	struct export_run run;
	char agent[68];
	struct buf out; /* made, not sent yet */
	bool ended;
};

static _Atomic int downloads;

static bool keep(const struct export_item *item, const struct buf *line, void *arg)
{
	struct download *d = arg;
	(void)item;
	buf_add(&d->out, line->data, line->len);
	return d->out.len < PIECE;
}

/* Zero bytes: nothing matched in this slice, and the others on this thread have their turn before the next.
 */
static ssize_t read_piece(void *arg, uint64_t position, char *into, size_t max)
{
	struct download *d = arg;
	struct server *server = d->request->server;
	(void)position;
	/* Signed in when it began; removed since, perhaps. */
	if (server->ending || d->request->operator_account->disabled)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!d->out.len && !d->ended) {
		struct store_reader *reader = server_reader(server);
		int more = reader ? export_some(&d->run, reader, keep, d) : -1;
		if (more < 0 || d->out.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		d->ended = !more;
	}
	if (!d->out.len)
		return d->ended ? MHD_CONTENT_READER_END_OF_STREAM : 0;
	size_t n = d->out.len < max ? d->out.len : max;
	memcpy(into, d->out.data, n);
	buf_drop(&d->out, n);
	if (!d->out.len) /* one long record does not keep its memory for all the short ones after it */
		buf_finish(&d->out);
	return (ssize_t)n;
}

static void free_download(void *arg)
{
	struct download *d = arg;
	buf_finish(&d->out);
	free(d);
	downloads--;
}

/* false after answering what is wrong. */
static bool read_query(struct request *r, struct download *d)
{
	const char *format = request_query(r, "format"), *after = request_query(r, "after"),
		   *agent = request_query(r, "agent");
	d->run.format = format ? export_format_parse(format) : EXPORT_JSONL;
	if (d->run.format == EXPORT_FORMATS)
		return !answer_problem(r, PROBLEM_MALFORMED, "format is jsonl, ocsf, ecs, otel or csv");
	if (after) {
		char *end;
		long long index = strtoll(after, &end, 10);
		if (*after < '0' || *after > '9' || *end || index < 0 || index >= INT64_MAX - 1)
			return !answer_problem(r, PROBLEM_MALFORMED, "after is the index of a record");
		d->run.after = index;
	}
	if (agent && strlen(agent) >= sizeof d->agent)
		return !answer_problem(r, PROBLEM_MALFORMED, "agent is the ID of an agent");
	if (agent)
		d->run.filter.agent = strcpy(d->agent, agent);
	return query_time(r, "since", &d->run.filter.since) && query_time(r, "until", &d->run.filter.until);
}

bool route_audit_export(struct request *r)
{
	char size[24];
	if (r->server->ending)
		return answer_unavailable(r);
	if (downloads >= MAX_EXPORTS)
		return answer_problem(r, PROBLEM_UNAVAILABLE, "too many exports are under way");
	struct download *d = calloc(1, sizeof *d);
	if (!d)
		return answer_unavailable(r);
	downloads++;
	d->request = r;
	d->run.approver = r->server->settings.name;
	d->run.secrets = r->server->secrets;
	d->run.after = -1;
	d->run.end = r->server->log_size;
	if (!read_query(r, d)) {
		free_download(d);
		return true;
	}
	if (d->run.after < 0) /* what goes on from somewhere has its head already */
		export_begin(&d->out, d->run.format);
	r->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_piece, d, free_download);
	if (!r->stream) {
		free_download(d);
		return answer_unavailable(r);
	}
	snprintf(size, sizeof size, "%" PRId64, d->run.end);
	MHD_add_response_header(r->stream, "Whosh-Log-Size", size);
	r->status = 200;
	r->type = export_content_type(d->run.format);
	return true;
}
