/* incident_find.c: what is unusual about a command, each finding a sentence that can be counted again.
 *
 * The rule is the same for all: of the commands before the window (at least HISTORY_LEAST), how many had the
 * same program, directory, host …?  None: it is the first.  Hours are unusual when fewer than one command in
 * a hundred fell into that hour.  An argument shape counts only where a program is used in few ways (run 20
 * times or more, five times as often as it has shapes), for else each line is a new one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/incident.h"
#include "approver/report/text.h"
#include "common/json.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHAPE_LEAST = 20, SHAPE_TIMES = 5, AROUND_THE_CLOCK = 21 };

struct finding {
	const char *kind, *scope; /* scope: "agent", "task" or "host" */
	const char *what;
	int64_t seen, of;
};

/* One finding; told again of a later command it is marked. */
static void finding_add(struct witness *w, struct subject *subject, const struct finding *f,
			const struct buf *sentence)
{
	struct buf key BUF_AUTO = BUF_INIT, what BUF_AUTO = BUF_INIT;
	buf_addf(&key, "%s %s %.400s", f->scope, f->kind, f->what);
	report_text(&what, f->what, w->secrets);
	if (key.failed)
		return;
	/* What is grave is told each time. */
	bool again = tally_of(&subject->told, key.data)->n[0]++ > 0 && strcmp(f->kind, "phrase") != 0;
	buf_addf(&w->findings, "%s{\"kind\":\"%s\",\"scope\":\"%s\",\"what\":", w->findings.len ? "," : "",
		 f->kind, f->scope);
	report_string(&w->findings, &what);
	buf_addf(&w->findings, ",\"seen\":%" PRId64 ",\"of\":%" PRId64 ",\"again\":%s,\"text\":", f->seen,
		 f->of, again ? "true" : "false");
	report_string(&w->findings, sentence);
	buf_addc(&w->findings, '}');
}

static void in_commands_add(struct buf *out, int64_t n)
{
	buf_adds(out, " in ");
	report_count(out, n);
	buf_adds(out, n == 1 ? " command" : " commands");
}

/* "first `psql` of this agent in 412 commands" */
static void first_add(struct witness *w, struct subject *subject, const struct habits *habits,
		      const char *kind, const char *what, const char *scope, const char *before,
		      const char *after)
{
	struct buf text BUF_AUTO = BUF_INIT;
	struct finding f = {.kind = kind, .scope = scope, .what = what, .of = habits->n};
	buf_adds(&text, before);
	report_text(&text, what, w->secrets);
	buf_adds(&text, after);
	in_commands_add(&text, habits->n);
	finding_add(w, subject, &f, &text);
}

/* ── programs and shapes ───────────────────────────────────────────────────────────────────────────────── */

struct looking {
	struct witness *witness;
	struct subject *agent;
	const struct habits *task;
	struct tally seen; /* what this line has been looked at for */
};

static void look_at_shape(struct looking *l, const char *program, const char *shape)
{
	const struct habits *habits = &l->agent->habits;
	int64_t run = tally_met(&habits->of[BY_PROGRAM], program), shapes = habits_shapes(habits, program);
	if (run < SHAPE_LEAST || shapes * SHAPE_TIMES > run || tally_met(&habits->of[BY_SHAPE], shape))
		return;
	struct buf text BUF_AUTO = BUF_INIT;
	struct finding f = {.kind = "shape", .scope = "agent", .what = shape, .of = run};
	buf_adds(&text, "first `");
	report_text(&text, shape, l->witness->secrets);
	buf_adds(&text, "` of this agent; it ran `");
	report_text(&text, program, l->witness->secrets);
	buf_adds(&text, "` in ");
	report_count(&text, run);
	buf_adds(&text, " of ");
	report_count(&text, habits->n);
	buf_addf(&text, " commands, in %" PRId64 " other %s", shapes, shapes == 1 ? "shape" : "shapes");
	finding_add(l->witness, l->agent, &f, &text);
}

static void look_at_program(const char *program, const char *shape, void *arg)
{
	struct looking *l = arg;
	bool known = tally_met(&l->agent->habits.of[BY_PROGRAM], program) > 0;
	if (known && !tally_of(&l->seen, shape)->n[0]++)
		look_at_shape(l, program, shape);
	if (tally_of(&l->seen, program)->n[1]++)
		return;
	if (!known)
		first_add(l->witness, l->agent, &l->agent->habits, "program", program, "agent", "first `",
			  "` of this agent");
	else if (l->task && !tally_met(&l->task->of[BY_PROGRAM], program))
		first_add(l->witness, l->agent, l->task, "program", program, "task", "first `",
			  "` on this task");
}

/* ── hours ─────────────────────────────────────────────────────────────────────────────────────────────── */

bool hours_add(struct buf *out, const struct habits *habits)
{
	int begin, length;
	if (!habits_hours(habits, &begin, &length) || length >= AROUND_THE_CLOCK)
		return false;
	buf_addf(out, "%02d:00 to %02d:00", begin, (begin + length) % 24);
	return true;
}

static void look_at_hour(struct witness *w, struct subject *agent, int offset)
{
	const struct habits *habits = &agent->habits;
	struct buf text BUF_AUTO = BUF_INIT, usual BUF_AUTO = BUF_INIT;
	int begin, length, hour = hour_of(w->row.ts, offset);
	char what[8];
	if (!hours_add(&usual, habits) || !habits_hours(habits, &begin, &length) ||
	    (hour - begin + 24) % 24 < length)
		return;
	int64_t minutes = w->row.ts / 60000 + offset;
	snprintf(what, sizeof what, "%02d:%02d", hour, (int)(minutes % 60 + 60) % 60);
	struct finding f = {
	    .kind = "hour", .scope = "agent", .what = what, .seen = habits->hours[hour], .of = habits->n};
	buf_addf(&text, "%s; it works %s (%" PRId64 " of ", what, usual.data ? usual.data : "", f.seen);
	report_count(&text, f.of);
	buf_addf(&text, " commands began between %02d:00 and %02d:00)", hour, (hour + 1) % 24);
	/* The same hour is the same finding, whatever the minute. */
	snprintf(what, sizeof what, "%02d:00", hour);
	finding_add(w, agent, &f, &text);
}

/* ── the rest ──────────────────────────────────────────────────────────────────────────────────────────── */

static void look_at_place(struct witness *w, struct subject *agent)
{
	const struct {
		enum habit habit;
		const char *kind, *value, *before, *after;
	} places[] = {
	    {BY_FOLDER, "directory", w->row.cwd, "first command of this agent in directory ", ","},
	    {BY_ON_HOST, "host", w->row.host, "first command of this agent on host ", ","},
	    {BY_ACCOUNT, "account", w->row.user, "first command of this agent as account ", ","},
	    {BY_ITS_MODEL, "model", w->row.model, "first command of this agent with model ", " (claimed),"},
	    {BY_PERSON, "human", w->row.human, "first command of this agent for ", ","},
	};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (places[i].value && !tally_met(&agent->habits.of[places[i].habit], places[i].value))
			first_add(w, agent, &agent->habits, places[i].kind, places[i].value, "agent",
				  places[i].before, places[i].after);
}

static void look_at_phrases(struct witness *w, struct subject *subject, const char *scope, const char *where)
{
	for (size_t i = 0; i < PHRASES; i++)
		if (subject->habits.n && !subject->habits.phrases[i] && w->row.line &&
		    phrase_in(i, w->row.line, w->row.line_len))
			first_add(w, subject, &subject->habits, "phrase", phrase_name(i), scope,
				  "first command with ", where);
}

static const struct habits *habits_of_task(const struct subject *agent, const char *task)
{
	for (size_t i = 0; task && i < agent->n_tasks; i++)
		if (!strcmp(agent->tasks[i].task, task))
			return agent->tasks[i].habits.n >= HISTORY_LEAST ? &agent->tasks[i].habits : NULL;
	return NULL;
}

void incident_find(struct witness *w, struct subject *agent, struct subject *host, int offset)
{
	if (host)
		look_at_phrases(w, host, "host", " on this host");
	if (agent->habits.n < HISTORY_LEAST)
		return;
	struct looking l = {.witness = w, .agent = agent, .task = habits_of_task(agent, w->row.task)};
	look_at_phrases(w, agent, "agent", " of this agent");
	shapes_each(w->row.line ? w->row.line : "", w->row.line_len, look_at_program, &l);
	tally_finish(&l.seen);
	look_at_hour(w, agent, offset);
	look_at_place(w, agent);
}
