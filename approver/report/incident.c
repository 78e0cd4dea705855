/* incident.c: the post-mortem of one moment, step by step; see incident.h.
 *
 * The steps: the window's commands, newest first · the history of each of their agents, and of each host on
 * which one of them says something grave, page by page · the window's other events · the answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/incident.h"
#include "approver/http/record.h"
#include "approver/report/incident_answer.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, SUBJECTS_MAX = 80, EVENTS_AT_ONCE = 20000, EVENTS_BESIDE = 500 };

static void witness_finish(struct witness *w)
{
	command_row_finish(&w->row);
	buf_finish(&w->record);
	buf_finish(&w->findings);
}

static void subject_finish(struct subject *s)
{
	free(s->name);
	habits_finish(&s->habits);
	for (size_t i = 0; i < s->n_tasks; i++) {
		free(s->tasks[i].task);
		habits_finish(&s->tasks[i].habits);
	}
	free(s->tasks);
	tally_finish(&s->told);
}

/* ── the window ────────────────────────────────────────────────────────────────────────────────────────── */

static char *copy(const char *text, bool *good)
{
	char *copied = text ? strdup(text) : NULL;
	*good = *good && (!text || copied);
	return copied;
}

static bool witness_fill(struct witness *w, const struct command_row *row, const struct secrets *secrets)
{
	bool good = true;
	*w = (struct witness){.row = {.id = copy(row->id, &good),
				      .agent = copy(row->agent, &good),
				      .task = copy(row->task, &good),
				      .host = copy(row->host, &good),
				      .cwd = copy(row->cwd, &good),
				      .user = copy(row->user, &good),
				      .model = copy(row->model, &good),
				      .human = copy(row->human, &good),
				      .line = malloc(row->line_len + 1),
				      .line_len = row->line_len,
				      .ts = row->ts},
			      .secrets = secrets};
	if (w->row.line && row->line_len)
		memcpy(w->row.line, row->line, row->line_len);
	record_open(&w->record, row, secrets);
	good = good && w->row.line && w->row.agent && !w->record.failed;
	if (good)
		w->row.line[row->line_len] = '\0';
	else
		witness_finish(w);
	return good;
}

static void forget(struct incident *in, size_t i)
{
	in->bytes -= in->witnesses[i].record.len;
	witness_finish(&in->witnesses[i]);
	in->n_witnesses--;
	memmove(&in->witnesses[i], &in->witnesses[i + 1], (in->n_witnesses - i) * sizeof *in->witnesses);
}

/* Newest first: of those after the moment the last ones stay, of those before it the first. */
static bool take_witness(const struct command_row *row, void *arg)
{
	struct incident *in = arg;
	bool after = row->ts >= in->ask.at;
	in->counted++;
	in->job.done++;
	if (!after && in->n_witnesses - in->n_after >= SHOWN_EACH_WAY)
		return true;
	while (after && in->n_after && (in->n_after >= SHOWN_EACH_WAY || in->bytes >= LISTING_FULL / 4)) {
		forget(in, 0);
		in->n_after--;
	}
	if (!after && in->bytes >= LISTING_FULL / 2)
		return true;
	if (!witness_fill(&in->witnesses[in->n_witnesses], row, in->ask.secrets)) {
		in->failed = true;
		return false;
	}
	in->bytes += in->witnesses[in->n_witnesses++].record.len;
	in->n_after += after;
	return true;
}

/* ── histories ─────────────────────────────────────────────────────────────────────────────────────────── */

struct subject *incident_subject(const struct incident *in, bool host, const char *name)
{
	for (size_t i = 0; name && i < in->n_subjects; i++)
		if (in->subjects[i].host == host && !strcmp(in->subjects[i].name, name))
			return &in->subjects[i];
	return NULL;
}

/* false when out of memory; of more than SUBJECTS_MAX the rest has no history, and the answer says so. */
static bool subject_add(struct incident *in, bool host, const char *name)
{
	if (!name || incident_subject(in, host, name))
		return true;
	if (in->n_subjects == SUBJECTS_MAX) {
		in->subjects_cut = true;
		return true;
	}
	char *kept = strdup(name);
	if (kept)
		in->subjects[in->n_subjects++] = (struct subject){.host = host, .name = kept};
	return kept != NULL;
}

static bool task_add(struct subject *s, const char *task)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		if (!strcmp(s->tasks[i].task, task))
			return true;
	struct task_habits *moved = reallocarray(s->tasks, s->n_tasks + 1, sizeof *moved);
	char *kept = moved ? strdup(task) : NULL;
	if (moved)
		s->tasks = moved;
	if (kept)
		s->tasks[s->n_tasks++] = (struct task_habits){.task = kept};
	return kept != NULL;
}

static bool says_grave(const struct command_row *row)
{
	for (size_t i = 0; i < PHRASES; i++)
		if (phrase_in(i, row->line, row->line_len))
			return true;
	return false;
}

static bool choose_subjects(struct incident *in)
{
	bool good = true;
	for (size_t i = 0; good && i < in->n_witnesses; i++) {
		const struct command_row *row = &in->witnesses[i].row;
		good = subject_add(in, false, row->agent);
		if (good && says_grave(row))
			good = subject_add(in, true, row->host);
		struct subject *agent = incident_subject(in, false, row->agent);
		if (good && agent && row->task)
			good = task_add(agent, row->task);
	}
	in->job.of = in->job.done + (int64_t)in->n_subjects * HISTORY_MAX;
	return good;
}

struct counting {
	struct incident *incident;
	struct subject *subject;
};

static bool count_history(const struct command_row *row, void *arg)
{
	struct counting *c = arg;
	struct subject *s = c->subject;
	int offset = c->incident->ask.offset;
	if (s->habits.n == HISTORY_MAX) {
		s->cut = true;
		return false;
	}
	c->incident->job.done++;
	bool good = habits_add(&s->habits, row, offset);
	for (size_t i = 0; good && row->task && i < s->n_tasks; i++)
		if (!strcmp(s->tasks[i].task, row->task))
			good = habits_add(&s->tasks[i].habits, row, offset);
	c->incident->failed |= !good;
	return good;
}

static int read_history(struct incident *in, struct store_reader *reader, struct subject *s)
{
	struct who_filter filter = {
	    .agent = s->host ? NULL : s->name, .host = s->host ? s->name : NULL, .until = in->ask.since};
	struct counting counting = {in, s};
	int more = report_page(reader, &filter, s->before, PAGE, count_history, &counting);
	if (more < 0 || in->failed)
		return -1;
	if (more)
		return 0;
	s->read = true;
	in->job.of -= HISTORY_MAX - s->habits.n;
	return 0;
}

/* ── other events ──────────────────────────────────────────────────────────────────────────────────────── */

/* The first event that is not before `ms`, as far as the log's times only ever go up; -1. */
static int64_t event_at(struct store_reader *reader, int64_t size, int64_t ms)
{
	int64_t low = 0, high = size;
	while (low < high) {
		int64_t middle = low + (high - low) / 2, when;
		enum event_kind kind;
		char *body = NULL;
		size_t len;
		int found = store_event(reader, middle, &kind, &when, &body, &len);
		free(body);
		if (found != 1)
			return -1;
		if (when < ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The log's times can step back a little; events are looked for a little beside the window. */
static int begin_events(struct incident *in, struct store_reader *reader)
{
	int64_t from = event_at(reader, in->ask.log_size, in->ask.since);
	int64_t to = event_at(reader, in->ask.log_size, in->ask.until);
	if (from < 0 || to < 0)
		return -1;
	in->event = from > EVENTS_BESIDE ? from - EVENTS_BESIDE : 0;
	in->event_end = to + EVENTS_BESIDE < in->ask.log_size ? to + EVENTS_BESIDE : in->ask.log_size;
	return 0;
}

static int read_events(struct incident *in, struct store_reader *reader)
{
	int64_t to = in->event + EVENTS_AT_ONCE < in->event_end ? in->event + EVENTS_AT_ONCE : in->event_end;
	int failed = store_skim(reader, in->event, to, incident_event_add, in);
	in->event = to;
	return failed;
}

/* ── the job ───────────────────────────────────────────────────────────────────────────────────────────── */

static int step_window(struct incident *in, struct store_reader *reader)
{
	struct who_filter filter = {
	    .match = in->match, .agent = in->agent, .since = in->ask.since, .until = in->ask.until};
	int more = report_page(reader, &filter, in->before, PAGE, take_witness, in);
	if (more < 0 || in->failed)
		return -1;
	if (more)
		return 1;
	in->phase = IN_HISTORY;
	return choose_subjects(in) ? 1 : -1;
}

static int step_history(struct incident *in, struct store_reader *reader)
{
	for (size_t i = 0; i < in->n_subjects; i++)
		if (!in->subjects[i].read)
			return read_history(in, reader, &in->subjects[i]) ? -1 : 1;
	in->phase = IN_EVENTS;
	return begin_events(in, reader) ? -1 : 1;
}

static int step(struct report_job *job, struct store_reader *reader, struct buf *out)
{
	struct incident *in = (struct incident *)job;
	switch (in->phase) {
	case IN_WINDOW:
		return step_window(in, reader);
	case IN_HISTORY:
		return step_history(in, reader);
	case IN_EVENTS:
		if (in->event < in->event_end)
			return read_events(in, reader) ? -1 : 1;
	}
	for (size_t i = in->n_witnesses; i-- > 0;) { /* oldest first, so that the first is told as such */
		struct witness *w = &in->witnesses[i];
		struct subject *agent = incident_subject(in, false, w->row.agent);
		if (agent)
			incident_find(w, agent, incident_subject(in, true, w->row.host), in->ask.offset);
	}
	incident_answer(out, in);
	return out->failed ? -1 : 0;
}

static void incident_free(struct report_job *job)
{
	struct incident *in = (struct incident *)job;
	for (size_t i = 0; i < in->n_witnesses; i++)
		witness_finish(&in->witnesses[i]);
	for (size_t i = 0; i < in->n_subjects; i++)
		subject_finish(&in->subjects[i]);
	free(in->witnesses);
	free(in->subjects);
	free(in->match);
	free(in->agent);
	buf_finish(&in->events);
	free(in);
}

struct report_job *incident_new(const struct incident_ask *ask)
{
	struct incident *in = calloc(1, sizeof *in);
	bool good = in != NULL;
	if (!in)
		return NULL;
	in->job = (struct report_job){.step = step, .free = incident_free};
	in->ask = *ask;
	in->match = copy(ask->match, &good);
	in->agent = copy(ask->agent, &good);
	in->witnesses = calloc(2 * SHOWN_EACH_WAY + 1, sizeof *in->witnesses);
	in->subjects = calloc(SUBJECTS_MAX, sizeof *in->subjects);
	if (good && in->witnesses && in->subjects)
		return &in->job;
	incident_free(&in->job);
	return NULL;
}
