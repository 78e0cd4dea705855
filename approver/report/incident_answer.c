/* incident_answer.c: an incident's answer in JSON; see incident_answer.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/incident_answer.h"
#include "approver/http/record.h"
#include "approver/report/event_text.h"
#include "approver/report/text.h"
#include "common/clock.h"
#include "common/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 200, USUAL_SHOWN = 6 };

bool incident_event_add(int64_t n, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct incident *in = arg;
	struct buf text BUF_AUTO = BUF_INIT;
	char when[RFC3339_LEN + 1];
	if (!len || ms < in->ask.since || ms >= in->ask.until || in->n_events++ >= EVENTS_MAX)
		return true;
	event_text(&text, kind, body, len, in->ask.secrets);
	rfc3339_format(ms, when);
	buf_addf(&in->events, "%s{\"log_index\":%" PRId64 ",\"kind\":\"%s\",\"ts\":\"%s\",\"text\":",
		 in->events.len ? "," : "", n, event_kind_name(kind), when);
	report_string(&in->events, &text);
	buf_addc(&in->events, '}');
	return true;
}

/* `,"programs":[{"name":"git","n":120},…]`: the few that are met most often. */
static void usual_add(struct buf *out, const char *name, const struct tally *tally,
		      const struct secrets *secrets)
{
	const struct tally_entry **ranked = tally_ranked(tally);
	buf_addf(out, ",\"%s\":[", name);
	for (size_t i = 0; ranked && i < tally->count && i < USUAL_SHOWN; i++) {
		struct buf text BUF_AUTO = BUF_INIT;
		report_text(&text, ranked[i]->name, secrets);
		buf_adds(out, i ? ",{\"name\":" : "{\"name\":");
		report_string(out, &text);
		buf_addf(out, ",\"n\":%" PRId64 "}", ranked[i]->n[0]);
	}
	buf_adds(out, "]");
	free(ranked);
}

static void task_add(struct buf *out, const struct task_habits *task, bool first,
		     const struct secrets *secrets)
{
	struct buf text BUF_AUTO = BUF_INIT;
	report_text(&text, task->task, secrets);
	buf_adds(out, first ? "{\"task\":" : ",{\"task\":");
	report_string(out, &text);
	buf_addf(out, ",\"compared\":%" PRId64, task->habits.n);
	usual_add(out, "programs", &task->habits.of[BY_PROGRAM], secrets);
	buf_addc(out, '}');
}

static void subject_add(struct buf *out, const struct subject *s, const struct secrets *secrets)
{
	struct buf hours BUF_AUTO = BUF_INIT;
	buf_addf(out, "{\"%s\":", s->host ? "host" : "agent");
	json_add_string(out, s->name, strlen(s->name));
	buf_addf(out, ",\"compared\":%" PRId64 ",\"cut\":%s", s->habits.n, s->cut ? "true" : "false");
	record_time(out, "first", s->habits.first);
	record_time(out, "last", s->habits.last);
	if (!s->host) {
		bool known = hours_add(&hours, &s->habits);
		record_text(out, "hours", known ? hours.data : NULL);
		usual_add(out, "programs", &s->habits.of[BY_PROGRAM], secrets);
		usual_add(out, "directories", &s->habits.of[BY_FOLDER], secrets);
		usual_add(out, "hosts", &s->habits.of[BY_ON_HOST], secrets);
		usual_add(out, "models", &s->habits.of[BY_ITS_MODEL], secrets);
		buf_adds(out, ",\"tasks\":[");
		for (size_t i = 0; i < s->n_tasks; i++)
			task_add(out, &s->tasks[i], i == 0, secrets);
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
}

static void subjects_add(struct buf *out, const struct incident *in, bool hosts)
{
	bool first = true;
	buf_addf(out, ",\"%s\":[", hosts ? "hosts" : "agents");
	for (size_t i = 0; i < in->n_subjects; i++) {
		if (in->subjects[i].host != hosts)
			continue;
		buf_adds(out, first ? "" : ",");
		subject_add(out, &in->subjects[i], in->ask.secrets);
		first = false;
	}
	buf_addc(out, ']');
}

void incident_answer(struct buf *out, const struct incident *in)
{
	char when[RFC3339_LEN + 1];
	rfc3339_format(in->ask.at, when);
	buf_addf(out, "{\"incident\":{\"at\":\"%s\"", when);
	record_time(out, "since", in->ask.since);
	record_time(out, "until", in->ask.until);
	buf_addf(out, ",\"offset_minutes\":%d", in->ask.offset);
	record_text(out, "match", in->match);
	record_text(out, "agent", in->agent);
	buf_addf(out, ",\"log_size\":%" PRId64 ",\"found\":%" PRId64 ",\"shown\":%zu", in->ask.log_size,
		 in->counted, in->n_witnesses);
	buf_addf(out, ",\"compared_least\":%d,\"compared_most\":%d,\"subjects_cut\":%s", HISTORY_LEAST,
		 HISTORY_MAX, in->subjects_cut ? "true" : "false");
	buf_adds(out, ",\"commands\":[");
	for (size_t i = in->n_witnesses; i-- > 0;) {
		const struct witness *w = &in->witnesses[i];
		buf_add(out, w->record.data ? w->record.data : "", w->record.len);
		buf_adds(out, ",\"unusual\":[");
		buf_add(out, w->findings.data ? w->findings.data : "", w->findings.len);
		buf_adds(out, i ? "]}," : "]}");
	}
	buf_addc(out, ']');
	subjects_add(out, in, false);
	subjects_add(out, in, true);
	buf_adds(out, ",\"events\":[");
	buf_add(out, in->events.data ? in->events.data : "", in->events.len);
	buf_addf(out, "],\"events_found\":%d}}", in->n_events);
}
