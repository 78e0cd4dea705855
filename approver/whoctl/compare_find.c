/* compare_find.c: what differs between two samples, measure by measure and program by program.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/compare.h"
#include <stdlib.h>
#include <string.h>

static void judge(struct compared *compared)
{
	compared->finding = shares_compare(&compared->share[0], &compared->share[1], &compared->p_below);
}

void compare_measure(const struct comparison *comparison, enum measure measure, struct compared *compared)
{
	static const struct {
		const char *name, *label;
	} measures[MEASURES] = {
	    [REVIEWED] = {"reviewed", "sent to a reviewer"},
	    [UNDECIDED] = {"undecided", "  timed out, withdrawn"},
	    [DENIED] = {"denied", "denied"},
	    [DENIED_BY_POLICY] = {"denied_by_policy", "  by the policy"},
	    [DENIED_BY_REVIEW] = {"denied_by_review", "  by reviewers"},
	    [FAILED] = {"failed", "failed"},
	    [EXIT_NOT_0] = {"exit_not_0", "  exit status not 0"},
	    [SIGNALED] = {"signaled", "  killed by a signal"},
	    [NOT_RUN] = {"not_run", "  approved, not run"},
	    [LOST] = {"lost", "  lost"},
	};
	*compared = (struct compared){
	    .name = measures[measure].name,
	    .label = measures[measure].label,
	    .share = {comparison->sample[0].shares[measure], comparison->sample[1].shares[measure]}};
	judge(compared);
}

void compare_times(const struct comparison *comparison, struct compared *compared)
{
	const struct sample *a = &comparison->sample[0], *b = &comparison->sample[1];
	int64_t median = samples_median(a, b);
	*compared = (struct compared){.name = "run_ms",
				      .label = "median run time",
				      .share = {sample_longer(a, median), sample_longer(b, median)}};
	judge(compared);
}

static void add_line_share(struct compared *compared, const struct comparison *comparison, const char *name,
			   const char *label, int64_t a, int64_t b)
{
	*compared =
	    (struct compared){.name = name,
			      .label = label,
			      .share = {{a, comparison->sample[0].lines}, {b, comparison->sample[1].lines}}};
	judge(compared);
}

static int by_lines(const void *left, const void *right)
{
	const struct compared *a = left, *b = right;
	int64_t x = a->share[0].count + a->share[1].count, y = b->share[0].count + b->share[1].count;
	return x != y ? (x < y) - (x > y) : strcmp(a->label, b->label);
}

struct compared *compare_programs(const struct comparison *comparison, size_t *n)
{
	static const struct {
		const char *name, *label;
	} classes[LINE_CLASSES] = {
	    [NOT_UNDERSTOOD] = {"not_understood", "(not understood)"},
	    [NO_PROGRAM] = {"no_program", "(no program)"},
	    [OTHER_PROGRAMS] = {"other_programs", "(other programs)"},
	};
	const struct sample *a = &comparison->sample[0], *b = &comparison->sample[1];
	struct compared *list = calloc(LINE_CLASSES + a->n_programs + b->n_programs, sizeof *list);
	*n = 0;
	if (!list)
		return NULL;
	for (int i = 0; i < LINE_CLASSES; i++)
		if (a->classes[i] || b->classes[i])
			add_line_share(&list[(*n)++], comparison, classes[i].name, classes[i].label,
				       a->classes[i], b->classes[i]);
	size_t n_classes = *n;
	for (size_t i = 0; i < a->n_programs; i++)
		add_line_share(&list[(*n)++], comparison, NULL, a->programs[i].name, a->programs[i].lines,
			       sample_program(b, a->programs[i].name));
	for (size_t i = 0; i < b->n_programs; i++)
		if (!sample_program(a, b->programs[i].name))
			add_line_share(&list[(*n)++], comparison, NULL, b->programs[i].name, 0,
				       b->programs[i].lines);
	qsort(list + n_classes, *n - n_classes, sizeof *list, by_lines);
	return list;
}
