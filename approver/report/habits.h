/* habits.h: what an agent usually does, as plain counts of its earlier commands.
 *
 * Nothing is learned and nothing is weighed: a habit is how often each program, argument shape, directory,
 * host, account, model, person and hour of the day was met, and of how many commands.  What a person is told
 * can be counted again by hand.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_HABITS_H
#define WHOSH_REPORT_HABITS_H

#include "approver/report/shape.h"
#include "approver/report/tally.h"
#include "approver/store/store.h"

enum habit { BY_PROGRAM, BY_SHAPE, BY_FOLDER, BY_ON_HOST, BY_ACCOUNT, BY_ITS_MODEL, BY_PERSON, HABITS };

struct habits {
	int64_t n;           /* commands counted */
	int64_t first, last; /* ms, of the oldest and the newest of them */
	struct tally of[HABITS];
	int64_t hours[24]; /* at the offset that was asked for */
	int64_t phrases[PHRASES];
};

/* Count a command in; `offset` is the zone's, minutes east of Greenwich.  false when out of memory. */
bool habits_add(struct habits *habits, const struct command_row *row, int offset);
void habits_finish(struct habits *habits);

/* The hour of the day, 0 to 23. */
int hour_of(int64_t ms, int offset);
/* The shortest run of hours, over midnight if need be, outside of which each hour has less than one command
 * in a hundred: from *begin (0 to 23) for *length hours (1 to 24).  false when there are no commands. */
bool habits_hours(const struct habits *habits, int *begin, int *length);
/* In how many shapes a program was met. */
int64_t habits_shapes(const struct habits *habits, const char *program);

#endif
