/* compare_say.c: a comparison of two models for people: two tables.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/compare.h"
#include "approver/whoctl/human.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

void finding_add(struct buf *out, enum finding finding, double p_below)
{
	if (finding == FINDING_DIFFERS)
		buf_addf(out, "differs (p < %g)", p_below);
	else
		buf_adds(out, finding == FINDING_CHANCE ? "within chance" : "too few to say");
}

static void cell(struct table *table, const struct buf *text)
{
	table_cell(table, text->data);
}

/* "12.5 % (5 of 40)"; "-" of none. */
static void share_cell(struct table *table, const struct share *share)
{
	struct buf text BUF_AUTO = BUF_INIT;
	if (share->of)
		buf_addf(&text, "%.1f %% (%lld of %lld)", 100.0 * (double)share->count / (double)share->of,
			 (long long)share->count, (long long)share->of);
	else
		buf_addc(&text, '-');
	cell(table, &text);
}

static void finding_cell(struct table *table, const struct compared *compared)
{
	struct buf text BUF_AUTO = BUF_INIT;
	finding_add(&text, compared->finding, compared->p_below);
	table_cell_coloured(table, compared->finding == FINDING_DIFFERS ? COLOUR_YELLOW : COLOUR_NONE,
			    text.data);
}

/* A program's name is the agent's word: what is no plain name stands in quotes, so that none looks like a
 * class of lines. */
static void label_cell(struct table *table, const struct compared *compared)
{
	struct buf text BUF_AUTO = BUF_INIT;
	bool plain =
	    compared->name || strspn(compared->label, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
						      "0123456789._+-[@") == strlen(compared->label);
	buf_addf(&text, plain ? "%s" : "\"%s\"", compared->label);
	cell(table, &text);
}

static void compared_row(struct table *table, const struct compared *compared)
{
	const struct share *a = &compared->share[0], *b = &compared->share[1];
	struct buf apart BUF_AUTO = BUF_INIT;
	if (a->of && b->of)
		buf_addf(&apart, "%+.1f points",
			 100.0 * ((double)b->count / (double)b->of - (double)a->count / (double)a->of));
	label_cell(table, compared);
	share_cell(table, a);
	share_cell(table, b);
	cell(table, &apart);
	finding_cell(table, compared);
}

static void number_row(struct table *table, const char *label, int64_t a, int64_t b)
{
	table_cell(table, label);
	for (int side = 0; side < 2; side++) {
		struct buf text BUF_AUTO = BUF_INIT;
		buf_addf(&text, "%lld", (long long)(side ? b : a));
		cell(table, &text);
	}
	table_cell(table, NULL);
	table_cell(table, NULL);
}

static void time_row(struct table *table, const char *label, int64_t a, int64_t b)
{
	table_cell(table, label);
	for (int side = 0; side < 2; side++) {
		struct buf text BUF_AUTO = BUF_INIT;
		if (side ? b : a)
			time_add(&text, side ? b : a);
		cell(table, &text);
	}
	table_cell(table, NULL);
	table_cell(table, NULL);
}

static void per_session_row(struct table *table, const struct sample *a, const struct sample *b)
{
	const struct sample *samples[] = {a, b};
	double per[2] = {0, 0};
	struct buf apart BUF_AUTO = BUF_INIT;
	table_cell(table, "lines per session");
	for (int side = 0; side < 2; side++) {
		struct buf text BUF_AUTO = BUF_INIT;
		if (samples[side]->sessions)
			per[side] = (double)samples[side]->lines / (double)samples[side]->sessions;
		buf_addf(&text, samples[side]->sessions ? "%.1f" : "-", per[side]);
		cell(table, &text);
	}
	if (a->sessions && b->sessions)
		buf_addf(&apart, "%+.1f", per[1] - per[0]);
	cell(table, &apart);
	table_cell(table, a->sessions && b->sessions ? "not tested" : NULL);
}

static void run_row(struct table *table, const struct comparison *comparison)
{
	int64_t median[2];
	struct compared compared;
	struct buf apart BUF_AUTO = BUF_INIT;
	compare_times(comparison, &compared);
	table_cell(table, compared.label);
	for (int side = 0; side < 2; side++) {
		struct buf text BUF_AUTO = BUF_INIT;
		median[side] = sample_median(&comparison->sample[side]);
		if (median[side] < 0)
			buf_addc(&text, '-');
		else
			buf_addf(&text, "%lld ms", (long long)median[side]);
		cell(table, &text);
	}
	if (median[0] >= 0 && median[1] >= 0)
		buf_addf(&apart, "%+lld ms", (long long)(median[1] - median[0]));
	cell(table, &apart);
	finding_cell(table, &compared);
}

static void head_add(struct buf *out, const struct comparison *comparison, const struct style *style)
{
	struct buf agent BUF_AUTO = BUF_INIT;
	visible_add(&agent, comparison->agent, strlen(comparison->agent));
	coloured_add(out, style, COLOUR_BOLD, agent.data ? agent.data : "");
	for (int side = 0; side < 2; side++) {
		buf_adds(out, side ? ", B: model " : " by what it claims to be, A: model ");
		visible_add(out, comparison->model[side], strlen(comparison->model[side]));
		buf_adds(out, " (claimed)");
	}
	buf_adds(out, "\n\n");
}

static void programs_add(struct buf *out, const struct comparison *comparison, const struct style *style)
{
	static const char *const titles[] = {"PROGRAM", "A", "B", "DIFFERENCE", "SAYS", NULL};
	size_t n;
	struct compared *programs = compare_programs(comparison, &n);
	struct table *table = programs ? table_new(titles) : NULL;
	for (size_t i = 0; table && i < n && i < PROGRAMS_SHOWN; i++)
		compared_row(table, &programs[i]);
	buf_addc(out, '\n');
	table_add(out, table, style, "no program was run");
	if (n > PROGRAMS_SHOWN)
		buf_addf(out, "and %zu more, which fewer lines run: --json names them\n", n - PROGRAMS_SHOWN);
	table_free(table);
	free(programs);
}

void comparison_add(struct buf *out, const struct comparison *comparison, const struct style *style)
{
	static const char *const titles[] = {"MEASURE", "A", "B", "DIFFERENCE", "SAYS", NULL};
	const struct sample *a = &comparison->sample[0], *b = &comparison->sample[1];
	struct table *table = table_new(titles);
	struct compared compared;
	head_add(out, comparison, style);
	number_row(table, "lines", a->lines, b->lines);
	time_row(table, "  the first", a->first, b->first);
	time_row(table, "  the last", a->last, b->last);
	number_row(table, "sessions", a->sessions, b->sessions);
	per_session_row(table, a, b);
	for (int i = 0; i < MEASURES; i++) {
		compare_measure(comparison, (enum measure)i, &compared);
		compared_row(table, &compared);
	}
	run_row(table, comparison);
	table_add(out, table, style, "");
	table_free(table);
	programs_add(out, comparison, style);
}
