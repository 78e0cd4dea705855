/* standard.c: a report on a standard, step by step; see standard.h.
 *
 * The steps: the commands of the period, page after page · all events of the log · the answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/standard.h"
#include "approver/report/proof.h"
#include "approver/store/skim.h"
#include <inttypes.h>
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
	int64_t to = s->event + EVENTS_AT_ONCE < s->size ? s->event + EVENTS_AT_ONCE : s->size;
	int failed = store_skim(reader, s->event, to, count_event, s);
	s->job.done += to - s->event;
	s->event = to;
	return failed ? -1 : 1;
}

/* Nothing may be drawn before it is known by what: the root of the tree, which nobody can choose. */
static int begin(struct standard_job *s)
{
	char *seed = s->facts.picks.seed;
	if (proof_checkpoint(s->ask.log, &s->checkpoint, &s->size, seed))
		return -1;
	/* About three events a command; how many commands lie in the period shows as they are read. */
	s->job.of = s->size + s->size / 3;
	if (s->ask.seed) {
		snprintf(seed, SEED_LEN + 1, "%s", s->ask.seed);
		snprintf(s->seed_of, sizeof s->seed_of, "given by whoever asked for the report");
	} else {
		snprintf(s->seed_of, sizeof s->seed_of,
			 "the root hash of the log's signed checkpoint of size %" PRId64, s->size);
	}
	return 0;
}

static int step(struct report_job *job, struct store_reader *reader, struct buf *out)
{
	struct standard_job *s = (struct standard_job *)job;
	if (!*s->facts.picks.seed && begin(s))
		return -1;
	if (!s->commands_read)
		return step_commands(s, reader);
	if (s->event < s->size)
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
	buf_finish(&s->checkpoint);
	free((char *)(uintptr_t)s->ask.seed);
	free(s);
}

struct report_job *standard_new(const struct standard_ask *ask)
{
	struct standard_job *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->job = (struct report_job){.step = step, .free = standard_free};
	s->ask = *ask;
	s->ask.seed = ask->seed ? strdup(ask->seed) : NULL;
	s->facts.from = ask->from;
	s->facts.to = ask->to;
	s->facts.now = ask->now;
	s->facts.secrets = ask->secrets;
	s->facts.picks.size = ask->sample;
	if (!ask->seed || s->ask.seed)
		return &s->job;
	standard_free(&s->job);
	return NULL;
}
