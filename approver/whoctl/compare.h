/* compare.h: what `whoctl compare-models` says of two samples.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_COMPARE_H
#define WHOSH_WHOCTL_COMPARE_H

#include "approver/whoctl/sample.h"
#include "approver/whoctl/table.h"

#define PROGRAMS_SHOWN 20

struct comparison {
	const char *agent, *model[2]; /* the models as they were asked for */
	struct sample sample[2];
	bool cut[2]; /* there may be more lines than were read */
};

/* One thing that is compared. */
struct compared {
	const char *name; /* of the measure or class of lines, for programs; NULL: of a program, whose name is
			     the label */
	const char *label; /* for people */
	struct share share[2];
	enum finding finding;
	double p_below;
};
/* The measures, in the order they are told. */
void compare_measure(const struct comparison *comparison, enum measure measure, struct compared *compared);
/* Do the run times differ?  The shares are of runs longer than the median of both together. */
void compare_times(const struct comparison *comparison, struct compared *compared);
/* Every class of lines that is there and every program, those that most lines of both run first.  *n of them,
 * malloc'd; their names are borrowed.  NULL when out of memory. */
struct compared *compare_programs(const struct comparison *comparison, size_t *n);

/* compare_say.c: append the page for people. */
void comparison_add(struct buf *out, const struct comparison *comparison, const struct style *style);
/* compare_json.c: one object for programs; NULL when out of memory. */
cJSON *comparison_json(const struct comparison *comparison);

/* "differs (p < 0.01)", "within chance", "too few to say" */
void finding_add(struct buf *out, enum finding finding, double p_below);

#endif
