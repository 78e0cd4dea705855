/* report_stream.h: a long job of the approver as the answer to a request.
 *
 * The answer is application/x-ndjson: a line {"done":N,"of":N} now and then while it is worked on, and last
 * the answer itself, or {"problem":"…"} when it could not be had.  A report whose last line is missing is
 * none.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_HTTP_REPORT_STREAM_H
#define WHOSH_HTTP_REPORT_STREAM_H

#include "approver/http/request.h"
#include "approver/report/job.h"

/* Answer with the job, which is taken over (NULL: out of memory); true, as handlers return. */
bool report_stream(struct request *request, struct report_job *job);

#endif
