/* habits.c: what an agent usually does, as plain counts; see habits.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/habits.h"
#include <string.h>

/* Within one command each program and shape counts once, however often the line runs it. */
struct counting {
	struct habits *habits;
	struct tally programs, shapes;
};

static void once(struct tally *mine, struct tally *all, const char *name)
{
	struct tally_entry *entry = tally_of(mine, name);
	if (entry->n[0]++ == 0)
		tally_of(all, name)->n[0]++;
}

static void count_one(const char *program, const char *shape, void *arg)
{
	struct counting *counting = arg;
	once(&counting->programs, &counting->habits->of[BY_PROGRAM], program);
	once(&counting->shapes, &counting->habits->of[BY_SHAPE], shape);
}

static void count_text(struct tally *tally, const char *text)
{
	if (text)
		tally_of(tally, text)->n[0]++;
}

int hour_of(int64_t ms, int offset)
{
	int64_t minutes = ms / 60000 + offset;
	return (int)((minutes % 1440 + 1440) % 1440 / 60);
}

bool habits_add(struct habits *habits, const struct command_row *row, int offset)
{
	struct counting counting = {.habits = habits};
	bool good = shapes_each(row->line ? row->line : "", row->line_len, count_one, &counting);
	tally_finish(&counting.programs);
	tally_finish(&counting.shapes);
	count_text(&habits->of[BY_FOLDER], row->cwd);
	count_text(&habits->of[BY_ON_HOST], row->host);
	count_text(&habits->of[BY_ACCOUNT], row->user);
	count_text(&habits->of[BY_ITS_MODEL], row->model);
	count_text(&habits->of[BY_PERSON], row->human);
	habits->hours[hour_of(row->ts, offset)]++;
	for (size_t i = 0; i < PHRASES; i++)
		habits->phrases[i] += row->line && phrase_in(i, row->line, row->line_len);
	if (!habits->n || row->ts < habits->first)
		habits->first = row->ts;
	if (row->ts > habits->last)
		habits->last = row->ts;
	habits->n++;
	for (int i = 0; i < HABITS; i++)
		good = good && !habits->of[i].failed;
	return good;
}

void habits_finish(struct habits *habits)
{
	for (int i = 0; i < HABITS; i++)
		tally_finish(&habits->of[i]);
}

bool habits_hours(const struct habits *habits, int *begin, int *length)
{
	bool usual[24], any = false;
	for (int i = 0; i < 24; i++)
		any |= usual[i] = habits->hours[i] && habits->hours[i] * 100 >= habits->n;
	if (!any)
		return false;
	/* The longest run of unusual hours is what is left out. */
	int longest = 0, after = 0;
	for (int i = 0; i < 24; i++) {
		int run = 0;
		while (run < 24 && !usual[(i + run) % 24])
			run++;
		if (run > longest) {
			longest = run;
			after = (i + run) % 24;
		}
	}
	*begin = longest ? after : 0;
	*length = 24 - longest;
	return true;
}

int64_t habits_shapes(const struct habits *habits, const char *program)
{
	const struct tally *shapes = &habits->of[BY_SHAPE];
	size_t len = strlen(program);
	int64_t n = 0;
	for (size_t i = 0; i < shapes->count; i++) {
		const char *name = shapes->entries[i].name;
		n += !strncmp(name, program, len) && (name[len] == ' ' || !name[len]);
	}
	return n;
}
