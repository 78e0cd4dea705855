/* job.h: long work of the approver in small steps, so that no thread is held and no memory is filled.
 *
 * A report over a million commands takes seconds.  It is done a page of commands at a time, on the HTTP
 * thread that sends its answer: between two pages other connections are served, and when the client goes away
 * or does not read, nothing more is done.  Each step reads in a transaction of its own.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_JOB_H
#define WHOSH_REPORT_JOB_H

#include "approver/store/store.h"
#include "common/buf.h"

struct report_job {
	/* Do a little.  1: there is more to do; 0: done, *out holds the answer, one JSON object without a
	 * newline; -1: failed, after logging why. */
	int (*step)(struct report_job *job, struct store_reader *reader, struct buf *out);
	void (*free)(struct report_job *job);
	int64_t done, of; /* commands and events read, and about how many there are to read (0: not known) */
};

/* Up to `count` of the commands that the filter finds, the next page of them each time: filter->before is
 * moved on (in `before`).  1: there may be more; 0: that was all; -1. */
enum { ID_SIZE = 37 };
int report_page(struct store_reader *reader, struct who_filter *filter, char before[ID_SIZE], int count,
		store_command_fn *fn, void *arg);

#endif
