/* standard.c: a report on a standard, step by step; see standard.h.
 *
 * The steps: the commands of the period, page after page · all events of the log · the answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/standard.h"
#include "approver/report/seed.h"
#include "approver/store/walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, EVENTS_AT_ONCE = 5000 };

static const struct standard *const standards[] = {
    &standard_soc2,    &standard_iso27001,    &standard_hipaa,
    &standard_pci_dss, &standard_nist_800_53, &standard_eu_ai_act,
};
enum { STANDARDS = sizeof standards / sizeof *standards };

const struct standard *standard_named(const char *name)
{
	for (int i = 0; i < STANDARDS; i++)
		if (!strcmp(standards[i]->name, name))
			return standards[i];
	return NULL;
}

void standard_names(struct buf *out)
{
	for (int i = 0; i < STANDARDS; i++)
		buf_addf(out, "%s%s", i ? ", " : "", standards[i]->name);
}

static bool count_command(const struct command_row *row, void *arg)
{
	struct standard_job *s = arg;
	s->job.done++;
	facts_command(&s->facts, row);
	return !s->facts.failed;
}

static bool count_event(int64_t n, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct standard_job *s = arg;
	(void)body;
	(void)len;
	facts_event(&s->facts, n, kind, ms);
	return true;
}

static int step_commands(struct standard_job *s, struct store_reader *reader)
{
	struct who_filter filter = {.since = s->ask.from, .until = s->ask.to};
	int more = report_page(reader, &filter, s->before, PAGE, count_command, s);
	if (more < 0 || s->facts.failed)
		return -1;
	s->commands_read = !more;
	return 1;
}

static int step_events(struct standard_job *s, struct store_reader *reader)
{
	int64_t to =
	    s->event + EVENTS_AT_ONCE < s->ask.log_size ? s->event + EVENTS_AT_ONCE : s->ask.log_size;
	int failed = store_walk(reader, s->event, to, count_event, s);
	s->job.done += to - s->event;
	s->event = to;
	return failed ? -1 : 1;
}

/* Nothing may be drawn before it is known by what. */
static int begin(struct standard_job *s, struct store_reader *reader)
{
	struct picks *picks = &s->facts.picks;
	if (s->ask.seed) {
		snprintf(picks->seed, sizeof picks->seed, "%s", s->ask.seed);
		snprintf(s->seed_of, sizeof s->seed_of, "given by whoever asked for the report");
		return 0;
	}
	return report_seed(reader, s->ask.log_size, picks->seed, s->seed_of, sizeof s->seed_of);
}

static int step(struct report_job *job, struct store_reader *reader, struct buf *out)
{
	struct standard_job *s = (struct standard_job *)job;
	if (!*s->facts.picks.seed && begin(s, reader))
		return -1;
	if (!s->commands_read)
		return step_commands(s, reader);
	if (s->event < s->ask.log_size)
		return step_events(s, reader);
	facts_close(&s->facts);
	if (s->facts.failed || facts_state(&s->facts, reader) || standard_answer(out, s, reader))
		return -1;
	return out->failed ? -1 : 0;
}

static void standard_free(struct report_job *job)
{
	struct standard_job *s = (struct standard_job *)job;
	facts_finish(&s->facts);
	free((char *)(uintptr_t)s->ask.seed);
	free(s);
}

struct report_job *standard_new(const struct standard_ask *ask)
{
	struct standard_job *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->job = (struct report_job){.step = step, .free = standard_free};
	/* About three events a command; how many commands lie in the period shows as they are read. */
	s->job.of = ask->log_size + ask->log_size / 3;
	s->ask = *ask;
	s->ask.seed = ask->seed ? strdup(ask->seed) : NULL;
	s->facts.from = ask->from;
	s->facts.to = ask->to;
	s->facts.now = ask->now;
	s->facts.picks.size = ask->sample;
	if (!ask->seed || s->ask.seed)
		return &s->job;
	standard_free(&s->job);
	return NULL;
}
