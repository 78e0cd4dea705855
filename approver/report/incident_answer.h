/* incident_answer.h: an incident while it is put together, and its answer in JSON.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_INCIDENT_ANSWER_H
#define WHOSH_REPORT_INCIDENT_ANSWER_H

#include "approver/report/incident.h"
#include "approver/store/skim.h"

enum incident_phase { IN_WINDOW, IN_HISTORY, IN_EVENTS };

struct incident {
	struct report_job job; /* first: it is what others hold */
	struct incident_ask ask;
	char *match, *agent;
	enum incident_phase phase;
	char before[ID_SIZE];
	struct witness *witnesses; /* newest first */
	size_t n_witnesses, n_after, bytes;
	int64_t counted; /* commands of the window, shown or not */
	struct subject *subjects;
	size_t n_subjects;
	bool subjects_cut, failed;
	int64_t event, event_end; /* numbers of the log yet to be looked at */
	struct buf events;        /* JSON objects, separated by commas */
	int n_events;
};

/* Its agent or host; NULL. */
struct subject *incident_subject(const struct incident *in, bool host, const char *name);
/* An event of the log that may belong to the window. */
store_skim_fn incident_event_add;
/* Append the whole answer. */
void incident_answer(struct buf *out, const struct incident *in);

#endif
