/* report_stream.c: a long job as the answer to a request; see report_stream.h.
 *
 * The HTTP library asks for bytes when the client can take more; each time there are none left the job takes
 * one step.  So a slow client slows its own report only, and one that left ends it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/report_stream.h"
#include "approver/identity/registry.h"
#include "common/clock.h"
#include <inttypes.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 4, BLOCK = 4096, TELL_EVERY_MS = 250, WORK_MS = 10 };

static _Atomic int running;

struct stream {
	struct request *request;
	struct report_job *job;
	struct buf out;
	size_t sent;
	int64_t told; /* when progress was last told, monotonic */
	bool ended;
};

/* Work until there is something to send. */
static void work(struct stream *s)
{
	struct store_reader *reader = server_reader(s->request->server);
	int64_t until = clock_mono_ms() + WORK_MS;
	int more = 1;
	while (more == 1 && clock_mono_ms() < until)
		more = reader ? s->job->step(s->job, reader, &s->out) : -1;
	s->ended = more != 1;
	if (more == -1) {
		buf_clear(&s->out);
		buf_adds(&s->out, "{\"problem\":\"the records could not be read\"}");
	}
	if (more == 1 && clock_mono_ms() - s->told >= TELL_EVERY_MS) {
		s->told = clock_mono_ms();
		buf_addf(&s->out, "{\"done\":%" PRId64 ",\"of\":%" PRId64 "}", s->job->done, s->job->of);
	}
	buf_addc(&s->out,
		 '\n'); /* alone when there is no news: the library wants a byte before it asks again */
}

static ssize_t read_report(void *arg, uint64_t position, char *into, size_t max)
{
	struct stream *s = arg;
	(void)position;
	if (s->sent == s->out.len) {
		/* Signed in when it began; removed since, perhaps. */
		if (s->ended || s->request->operator_account->disabled || s->request->server->ending)
			return MHD_CONTENT_READER_END_OF_STREAM;
		buf_clear(&s->out);
		s->sent = 0;
		work(s);
		if (s->out.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	size_t n = s->out.len - s->sent < max ? s->out.len - s->sent : max;
	memcpy(into, s->out.data + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

static void free_report(void *arg)
{
	struct stream *s = arg;
	s->job->free(s->job);
	buf_wipe(&s->out);
	free(s);
	running--;
}

bool report_stream(struct request *r, struct report_job *job)
{
	struct stream *s = job ? calloc(1, sizeof *s) : NULL;
	if (running++ >= AT_ONCE || !s || r->server->ending) {
		bool busy = running-- > AT_ONCE;
		if (job)
			job->free(job);
		free(s);
		return busy ? answer_problem(r, PROBLEM_UNAVAILABLE,
					     "other reports are being made: try again in a moment")
			    : answer_unavailable(r);
	}
	s->request = r;
	s->job = job;
	s->told = clock_mono_ms();
	r->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_report, s, free_report);
	if (!r->stream) {
		free_report(s);
		return answer_unavailable(r);
	}
	r->status = 200;
	r->type = "application/x-ndjson";
	return true;
}
