/* standard_answer.c: a report's answer in JSON; see standard.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/report/event_text.h"
#include "approver/report/proof.h"
#include "approver/report/standard.h"
#include "approver/report/text.h"
#include "common/clock.h"
#include "common/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 200 };

/* `,"proof":[…]`: that the record is in the log of the report's checkpoint. */
static void inclusion_add(struct buf *out, const struct standard_job *s, int64_t index)
{
	buf_adds(out, ",\"proof\":");
	proof_add(out, s->ask.log, index, s->size);
}

static int command_add(struct buf *out, const struct standard_job *s, const struct pick *pick,
		       struct store_reader *reader)
{
	struct command_row row;
	int found = store_command(reader, pick->id, &row);
	if (found != 1)
		return -1;
	record_open(out, &row, s->ask.secrets);
	inclusion_add(out, s, pick->index);
	buf_addc(out, '}');
	command_row_finish(&row);
	return 0;
}

static int event_add(struct buf *out, const struct standard_job *s, const struct pick *pick,
		     struct store_reader *reader)
{
	struct buf text BUF_AUTO = BUF_INIT;
	enum event_kind kind;
	int64_t ms;
	char *body = NULL;
	size_t len = 0;
	if (store_event(reader, pick->index, &kind, &ms, &body, &len) != 1)
		return -1;
	event_text(&text, kind, body, len, s->ask.secrets);
	free(body);
	buf_addf(out, "{\"log_index\":%" PRId64 ",\"kind\":\"%s\"", pick->index, event_kind_name(kind));
	record_time(out, "ts", ms);
	buf_adds(out, ",\"text\":");
	report_string(out, &text);
	inclusion_add(out, s, pick->index);
	buf_addc(out, '}');
	return 0;
}

static int sample_add(struct buf *out, const struct standard_job *s, enum pick_class class,
		      struct store_reader *reader)
{
	const struct picks *picks = &s->facts.picks;
	bool events = pick_class_is_events(class);
	buf_addf(out, "{\"class\":\"%s\",\"of\":%" PRId64 ",\"%s\":[", pick_class_name(class),
		 picks->of[class], events ? "events" : "commands");
	for (int i = 0; i < picks->n[class]; i++) {
		const struct pick *pick = &picks->sample[class][i];
		buf_adds(out, i ? "," : "");
		if (out->len >= LISTING_FULL)
			break;
		if (events ? event_add(out, s, pick, reader) : command_add(out, s, pick, reader))
			return -1;
	}
	buf_adds(out, "]}");
	return 0;
}

static void control_facts_add(struct buf *out, const struct control *control)
{
	bool first = true;
	buf_adds(out, ",\"facts\":[");
	for (int i = 0; i < CONTROL_TOPICS && control->topics[i]; i++)
		for (const enum fact *f = topic_facts(control->topics[i]); *f != FACTS; f++) {
			buf_addf(out, "%s\"%s\"", first ? "" : ",", fact_name(*f));
			first = false;
		}
	buf_addc(out, ']');
}

static int control_add(struct buf *out, const struct control *control, const struct standard_job *s,
		       struct store_reader *reader)
{
	struct buf answer BUF_AUTO = BUF_INIT;
	buf_addf(out, "{\"id\":\"%s\"", control->id);
	record_text(out, "title", control->title);
	record_text(out, "question", control->question);
	for (int i = 0; i < CONTROL_TOPICS && control->topics[i]; i++)
		topic_answer(&answer, control->topics[i], &s->facts);
	buf_adds(out, ",\"answer\":[");
	buf_add(out, answer.data ? answer.data : "", answer.len);
	buf_addc(out, ']');
	control_facts_add(out, control);
	buf_adds(out, ",\"samples\":[");
	for (int i = 0; i < CONTROL_CLASSES && control->classes[i]; i++) {
		buf_adds(out, i ? "," : "");
		if (sample_add(out, s, (enum pick_class)(control->classes[i] - 1), reader))
			return -1;
	}
	buf_addc(out, ']');
	record_text(out, "cannot", control->cannot);
	buf_addc(out, '}');
	return 0;
}

static void facts_add(struct buf *out, const struct facts *f)
{
	buf_adds(out, ",\"facts\":[");
	for (int i = 0; i < FACTS; i++) {
		buf_addf(out, "%s{\"name\":\"%s\",\"what\":", i ? "," : "", fact_name((enum fact)i));
		json_add_string(out, fact_label((enum fact)i), strlen(fact_label((enum fact)i)));
		buf_addf(out, ",\"value\":%" PRId64 "}", f->n[i]);
	}
	buf_addf(out, "],\"review_ms\":{\"median\":%" PRId64 ",\"p95\":%" PRId64 ",\"longest\":%" PRId64 "}",
		 facts_wait(f, 50), facts_wait(f, 95), facts_wait(f, 100));
}

/* The agents by commands: who they are, what they asked for. */
static void agents_add(struct buf *out, const struct facts *f)
{
	const struct tally_entry **ranked = tally_ranked(&f->agents);
	buf_adds(out, ",\"agents\":[");
	for (size_t i = 0; ranked && i < f->agents.count && i < ROWS_MAX; i++) {
		buf_adds(out, i ? ",{\"agent\":" : "{\"agent\":");
		json_add_string(out, ranked[i]->name, strlen(ranked[i]->name));
		buf_addf(out,
			 ",\"commands\":%" PRId64 ",\"denied\":%" PRId64 ",\"reviewed\":%" PRId64
			 ",\"outcome_unknown\":%" PRId64 "}",
			 ranked[i]->n[0], ranked[i]->n[1], ranked[i]->n[2], ranked[i]->n[3]);
	}
	buf_addc(out, ']');
	free(ranked);
}

static void gaps_add(struct buf *out, const struct facts *f)
{
	buf_adds(out, ",\"gaps\":[");
	for (size_t i = 0; i < f->n_gaps; i++) {
		char from[RFC3339_LEN + 1], to[RFC3339_LEN + 1];
		rfc3339_format(f->gaps[i].from, from);
		rfc3339_format(f->gaps[i].to, to);
		buf_addf(out, "%s{\"from\":\"%s\",\"to\":\"%s\",\"orderly\":%s}", i ? "," : "", from, to,
			 f->gaps[i].orderly ? "true" : "false");
	}
	buf_addc(out, ']');
}

int standard_answer(struct buf *out, const struct standard_job *s, struct store_reader *reader)
{
	const struct standard *standard = s->ask.standard;
	buf_addf(out, "{\"report\":{\"standard\":\"%s\"", standard->name);
	record_text(out, "title", standard->title);
	record_time(out, "from", s->ask.from);
	record_time(out, "to", s->ask.to);
	record_time(out, "made", s->ask.now);
	buf_addf(out, ",\"log_size\":%" PRId64 ",\"seed\":\"%s\"", s->size, s->facts.picks.seed);
	record_text(out, "seed_of", s->seed_of);
	record_text(out, "checkpoint", s->checkpoint.data);
	buf_addf(out, ",\"sample_size\":%d", s->ask.sample);
	facts_add(out, &s->facts);
	agents_add(out, &s->facts);
	gaps_add(out, &s->facts);
	buf_adds(out, ",\"controls\":[");
	for (size_t i = 0; i < standard->n; i++) {
		buf_adds(out, i ? "," : "");
		if (control_add(out, &standard->controls[i], s, reader))
			return -1;
	}
	buf_adds(out, "]}}");
	return 0;
}
