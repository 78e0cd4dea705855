/* facts.c: what the records of a period say, as numbers; see facts.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/facts.h"
#include <stdlib.h>
#include <string.h>

#define FACT_NAME(symbol, name, label) {name, label},
static const struct {
	const char *name, *label;
} facts_known[FACTS] = {FACTS_LIST(FACT_NAME)};

const char *fact_name(enum fact fact)
{
	return facts_known[fact].name;
}

const char *fact_label(enum fact fact)
{
	return facts_known[fact].label;
}

/* ── commands ──────────────────────────────────────────────────────────────────────────────────────────── */

static bool is(const char *text, const char *what)
{
	return text && !strcmp(text, what);
}

static void keep_wait(struct facts *f, int64_t ms)
{
	if (f->n_waits == WAITS_MAX)
		return;
	if (f->n_waits == f->room_waits) {
		size_t room = f->room_waits ? f->room_waits * 2 : 256;
		uint32_t *moved = reallocarray(f->waits, room, sizeof *moved);
		if (!moved) {
			f->failed = true;
			return;
		}
		f->waits = moved;
		f->room_waits = room;
	}
	f->waits[f->n_waits++] = ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Each name in ["alice","bob"], which the approver made of valid names. */
static int count_reviewers(struct facts *f, const char *reviewers, const char *human)
{
	int others = 0;
	for (const char *at = reviewers; at && (at = strchr(at, '"'));) {
		const char *end = strchr(++at, '"');
		if (!end)
			break;
		char *name = strndup(at, (size_t)(end - at));
		f->failed |= !name;
		if (name) {
			tally_of(&f->reviewers, name)->n[0]++;
			others += !is(human, name);
		}
		free(name);
		at = end + 1;
	}
	return others;
}

static void count_decision(struct facts *f, const struct command_row *row)
{
	bool approved = is(row->verdict, "approved"), person = is(row->cause, "review");
	if (!row->verdict) {
		f->n[FACT_WAITING]++;
		return;
	}
	f->n[approved ? FACT_APPROVED : FACT_DENIED]++;
	if (is(row->cause, "policy"))
		f->n[approved ? FACT_BY_RULE : FACT_DENIED_BY_RULE]++;
	f->n[FACT_UNREVIEWED] += is(row->cause, "timeout");
	f->n[FACT_WITHDRAWN] += is(row->cause, "withdrawn");
	f->n[FACT_STOPPED] += is(row->cause, "killed");
	if (!person)
		return;
	f->n[approved ? FACT_BY_PEOPLE : FACT_DENIED_BY_PEOPLE]++;
	int others = count_reviewers(f, row->reviewers, row->human);
	f->n[FACT_OWN_REVIEW] += approved && !others;
	keep_wait(f, row->decided - row->ts);
}

static void count_end(struct facts *f, const struct command_row *row)
{
	if (row->state == COMMAND_LOST)
		f->n[FACT_UNKNOWN]++;
	else if (is(row->verdict, "approved") && row->state == COMMAND_APPROVED)
		f->n[FACT_RUNNING]++;
	else if (is(row->outcome, "not_run"))
		f->n[FACT_NOT_RUN]++;
	else if (is(row->outcome, "signaled"))
		f->n[FACT_SIGNALED]++;
	else if (row->has_exit)
		f->n[row->exit ? FACT_ENDED_BAD : FACT_ENDED_GOOD]++;
}

static void sample(struct facts *f, const struct command_row *row, bool delegated)
{
	unsigned char rank[32];
	const struct {
		enum pick_class class;
		bool in;
	} classes[] = {{PICK_ANY, true},
		       {PICK_DENIED, is(row->verdict, "denied")},
		       {PICK_REVIEWED, is(row->cause, "review")},
		       {PICK_UNREVIEWED, is(row->cause, "timeout")},
		       {PICK_UNKNOWN, row->state == COMMAND_LOST},
		       {PICK_DELEGATED, delegated}};
	pick_rank(&f->picks, row->log_index, rank);
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (classes[i].in)
			pick_offer(&f->picks, classes[i].class, rank, row->log_index, row->id);
}

static void count_name(struct tally *tally, const char *name)
{
	if (name && *name)
		tally_of(tally, name)->n[0]++;
}

void facts_command(struct facts *f, const struct command_row *row)
{
	/* The approver wrote the chain; inside a string of it the quotes would be escaped. */
	bool delegated = row->chain && strstr(row->chain, "\"hop\":");
	f->n[FACT_COMMANDS]++;
	count_decision(f, row);
	count_end(f, row);
	f->n[FACT_WITH_MODEL] += row->model && *row->model;
	f->n[FACT_WITH_TASK] += row->task && *row->task;
	f->n[FACT_DELEGATED] += delegated;
	f->n[FACT_WITHOUT_HUMAN] += !row->human || !*row->human;
	struct tally_entry *agent = tally_of(&f->agents, row->agent ? row->agent : "?");
	agent->n[0]++;
	agent->n[1] += is(row->verdict, "denied");
	agent->n[2] += is(row->cause, "review");
	agent->n[3] += row->state == COMMAND_LOST;
	count_name(&f->humans, row->human);
	count_name(&f->hosts, row->host);
	count_name(&f->credentials, row->credential);
	count_name(&f->models, row->model);
	count_name(&f->rules, row->rule);
	count_name(&f->policies, row->policy);
	sample(f, row, delegated);
}

/* ── the end ───────────────────────────────────────────────────────────────────────────────────────────── */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t names_of(struct facts *f, const struct tally *tally)
{
	f->failed |= tally->failed;
	return (int64_t)tally->count;
}

void facts_close(struct facts *f)
{
	f->n[FACT_AGENTS] = names_of(f, &f->agents);
	f->n[FACT_HUMANS] = names_of(f, &f->humans);
	f->n[FACT_HOSTS] = names_of(f, &f->hosts);
	f->n[FACT_CREDENTIALS] = names_of(f, &f->credentials);
	f->n[FACT_MODELS] = names_of(f, &f->models);
	f->n[FACT_REVIEWERS] = names_of(f, &f->reviewers);
	if (f->n_waits)
		qsort(f->waits, f->n_waits, sizeof *f->waits, by_size);
}

int64_t facts_wait(const struct facts *f, int percent)
{
	if (!f->n_waits)
		return -1;
	size_t at = (f->n_waits * (size_t)percent + 99) / 100;
	return f->waits[at ? at - 1 : 0];
}

void facts_finish(struct facts *f)
{
	struct tally *all[] = {&f->agents, &f->humans, &f->hosts,     &f->credentials,
			       &f->models, &f->rules,  &f->reviewers, &f->policies};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tally_finish(all[i]);
	free(f->waits);
}
