/* refusals.c: events that nobody waits for.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/refusals.h"
#include "approver/http/metrics.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct event_work {
	struct work work;
	enum event_kind kind;
	char subject[68];
	size_t len;
	char body[];
};

static enum work_end apply(struct work *work, struct group *group)
{
	struct event_work *w = (struct event_work *)work;
	const char *subject = w->subject[0] ? w->subject : NULL;
	return store_append(group->store, w->kind, group->now, subject, w->body, w->len) < 0 ? WORK_FAILED
											     : WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	(void)group;
	if (end == WORK_FAILED)
		log_line(LOG_LEVEL_WARNING, "an event could not be recorded", "event",
			 event_kind_name(((struct event_work *)work)->kind), NULL);
	free(work);
}

void record_event(struct server *server, enum event_kind event, const char *subject, const struct buf *body)
{
	static const struct work_kind kind = {apply, done};
	struct event_work *w = body->failed ? NULL : calloc(1, sizeof *w + body->len + 1);
	if (!w) {
		log_line(LOG_LEVEL_WARNING, "an event could not be recorded", "event", event_kind_name(event),
			 NULL);
		return;
	}
	w->work.kind = &kind;
	w->kind = event;
	if (subject && strlen(subject) < sizeof w->subject)
		strcpy(w->subject, subject);
	w->len = body->len;
	if (body->len)
		memcpy(w->body, body->data, body->len);
	writer_push(server->writer, &w->work);
}

/* A bucket of BURST, filled with one a second. */
static bool may_record(void)
{
	enum { BURST = 20 };
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int64_t filled, tokens = BURST;
	int64_t now = clock_mono_ms() / 1000;
	pthread_mutex_lock(&lock);
	if (filled)
		tokens += now - filled;
	filled = now;
	if (tokens > BURST)
		tokens = BURST;
	bool may = tokens > 0;
	tokens -= may;
	pthread_mutex_unlock(&lock);
	return may;
}

static void member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	json_add_string(out, value, strlen(value));
}

bool refuse(struct request *r, enum problem problem, const char *reason, const char *agent,
	    const char *credential)
{
	metric_add(METRIC_REFUSED, 1);
	if (may_record()) {
		struct buf body BUF_AUTO = BUF_INIT;
		/* It may tell what somebody sent, cut in the middle of a character. */
		struct buf visible BUF_AUTO = BUF_INIT;
		visible_add(&visible, reason, strlen(reason));
		buf_addc(&body, '{');
		member(&body, "reason", visible.data ? visible.data : "");
		member(&body, "agent", agent);
		member(&body, "credential", credential);
		buf_addc(&body, '}');
		log_line(LOG_LEVEL_WARNING, "identity refused", "reason", reason, "agent", agent,
			 "credential", credential, NULL);
		record_event(r->server, EVENT_REFUSED, credential ? credential : agent, &body);
	}
	return answer_problem(r, problem, reason);
}
