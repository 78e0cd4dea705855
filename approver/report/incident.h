/* incident.h: the post-mortem of one moment: what ran around it, and what of that was unusual.
 *
 * The answer is one JSON object (whosh-protocol(7), "GET /v1/reports/incident"): the commands of the window
 * as records, each with its `unusual` findings; the agents with what they usually do; the other events of the
 * window.  What is usual is counted from the commands before the window, at most HISTORY_MAX of each agent.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_INCIDENT_H
#define WHOSH_REPORT_INCIDENT_H

#include "approver/report/habits.h"
#include "approver/report/job.h"

enum {
	HISTORY_MAX = 20000, /* commands counted of one agent or host */
	HISTORY_LEAST = 20,  /* with fewer nothing is called unusual */
	SHOWN_EACH_WAY = 250 /* commands shown before the moment, and after it */
};

struct incident_ask {
	int64_t at, since, until;      /* ms; since <= at <= until */
	int offset;                    /* of the asker's zone, minutes east */
	const char *match, *agent;     /* NULL: any */
	int64_t log_size;              /* events that there are */
	const struct secrets *secrets; /* what is masked; borrowed */
};

/* Strings are copied; NULL when out of memory. */
struct report_job *incident_new(const struct incident_ask *ask);

/* ── shared by incident.c and incident_find.c ──────────────────────────────────────────────────────────── */

/* A command of the window. */
struct witness {
	struct command_row row; /* what findings need of it: owned copies, the others NULL */
	struct buf record;      /* its JSON, left open */
	struct buf findings;    /* JSON objects, separated by commas */
	const struct secrets *secrets;
};

struct task_habits {
	char *task;
	struct habits habits;
};

/* Somebody or something with a history: an agent, or a host on which something grave was said. */
struct subject {
	bool host;
	char *name;
	struct habits habits;
	struct task_habits *tasks; /* of the tasks that its commands in the window have */
	size_t n_tasks;
	bool cut, read;       /* HISTORY_MAX were counted and there are more; all was read */
	char before[ID_SIZE]; /* the page it has come to */
	struct tally told;    /* findings, so that the same one is told once in full */
};

/* Append to witness->findings what is unusual about it; `host` may be NULL. */
void incident_find(struct witness *witness, struct subject *agent, struct subject *host, int offset);
/* "08:00 to 19:00"; nothing when it works around the clock or nothing is known. */
bool hours_add(struct buf *out, const struct habits *habits);

#endif
