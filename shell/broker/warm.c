/* warm.c: keep one connection to the approver open.
 *
 * A TLS handshake costs ten times what a request does.  libcurl keeps connections, servers close idle ones; a
 * small request each KEEP_MS of silence keeps one.  It also tells the operator in the log that the approver
 * is away before the first agent finds out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/warm.h"
#include "common/clock.h"
#include "common/log.h"

enum { KEEP_MS = 15000, HEALTH_MS = 5000, ANSWER_MAX = 65536 };

static void answered(void *arg, const struct answer *answer)
{
	struct warm *warm = arg;
	warm->call = NULL;
	bool away = answer->failure != FAILURE_NONE;
	if (away && !warm->away) {
		struct buf words BUF_AUTO = BUF_INIT;
		answer_explain(answer, &words);
		log_line(LOG_LEVEL_WARNING, "the approver cannot be reached", "approver",
			 warm->broker->conf.value[CONF_APPROVER], "error", words.data, NULL);
	}
	if (!away && warm->away)
		log_line(LOG_LEVEL_INFO, "the approver can be reached again", NULL);
	warm->away = away;
	loop_timer_set(warm->broker->loop, &warm->timer, KEEP_MS);
}

static void fired(struct timer *timer)
{
	struct warm *warm = container_of(timer, struct warm, timer);
	int64_t last = client_last_answer(warm->broker->client);
	int64_t silence = last ? clock_mono_ms() - last : KEEP_MS;
	if (silence < KEEP_MS) {
		loop_timer_set(warm->broker->loop, timer, KEEP_MS - silence);
		return;
	}
	const struct client_request request = {
	    .method = "GET", .path = "/healthz", .timeout_ms = HEALTH_MS, .max = ANSWER_MAX};
	warm->call = client_call(warm->broker->client, &request, answered, warm);
	if (!warm->call)
		loop_timer_set(warm->broker->loop, timer, KEEP_MS);
}

void warm_start(struct warm *warm, struct broker *broker)
{
	*warm = (struct warm){.broker = broker, .timer.fire = fired};
	loop_timer_set(broker->loop, &warm->timer, 0);
}

void warm_stop(struct warm *warm)
{
	if (!warm->broker)
		return;
	if (warm->call)
		client_cancel(warm->call);
	loop_timer_stop(warm->broker->loop, &warm->timer);
}
