/* watch.c: `whoctl watch`: what waits and what is decided, as it happens.
 *
 * The approver's event stream is followed; when the connection is lost it is made again, and the approver
 * told which event was the last (Last-Event-ID), so that none is missed.  The first connection must succeed:
 * a wrong address is an error, an approver that restarts is not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/alerts.h"
#include "approver/whoctl/kill.h"
#include "approver/whoctl/record.h"
#include "approver/whoctl/sse.h"
#include "common/clock.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_MAX_S 30

struct watch {
	struct ctl *ctl;
	struct sse sse;
	int status; /* of writing to standard output */
};

/* {"event":…,"id":…,"data":…} on one line. */
static void json_event(struct buf *out, const struct watch *watch, const char *event, const cJSON *data)
{
	cJSON *object JSON_AUTO = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "event", event);
	cJSON_AddStringToObject(object, "event_id", sse_last_id(&watch->sse) ? sse_last_id(&watch->sse) : "");
	cJSON_AddItemToObject(object, "data", cJSON_Duplicate(data, true));
	json_print(out, object);
}

/* "worker's model changed from A to B (claimed) with command ID in session ID" */
static void model_event(struct buf *out, const struct style *style, const cJSON *data)
{
	struct buf agent BUF_AUTO = BUF_INIT;
	json_time_add(out, data, "ts", "(time unknown)     ");
	buf_adds(out, "  ");
	json_visible_add(&agent, data, "agent", "an agent");
	coloured_add(out, style, COLOUR_BOLD, agent.data ? agent.data : "");
	buf_adds(out, "'s ");
	coloured_add(out, style, COLOUR_YELLOW, "model changed");
	buf_adds(out, " from ");
	json_claim_add(out, data, "from", "?");
	buf_adds(out, " to ");
	json_claim_add(out, data, "to", "?");
	buf_adds(out, " (claimed), with command ");
	json_visible_add(out, data, "command", "?");
	buf_adds(out, " in session ");
	json_visible_add(out, data, "session", "?");
	buf_addc(out, '\n');
}

static void person_event(struct buf *out, const struct style *style, const char *event, const cJSON *data)
{
	if (strcmp(event, "review") == 0) {
		time_add(out, clock_wall_ms());
		buf_adds(out, "  waiting: ");
		pending_entry_add(out, data, style, clock_wall_ms());
		return;
	}
	if (strcmp(event, "model") == 0) {
		model_event(out, style, data);
		return;
	}
	if (json_string(data, "line")) {
		who_entry_add(out, data, style);
		return;
	}
	time_add(out, clock_wall_ms());
	buf_adds(out, "  ");
	if (strcmp(event, "alert") == 0) {
		alert_add(out, data, style);
		buf_addc(out, '\n');
		return;
	}
	if (strcmp(event, "kill") == 0 || strcmp(event, "unkill") == 0) {
		kill_event_add(out, event, data);
		return;
	}
	visible_add(out, event, strlen(event));
	buf_adds(out, ": ");
	char *json = cJSON_PrintUnformatted(data);
	visible_add(out, json ? json : "", json ? strlen(json) : 0);
	free(json);
	buf_addc(out, '\n');
}

static bool event_taken(const char *event, const struct buf *bytes, void *arg)
{
	struct watch *watch = arg;
	struct buf text BUF_AUTO = BUF_INIT;
	cJSON *data JSON_AUTO = json_parse(bytes->data, bytes->len, NULL);
	if (!cJSON_IsObject(data))
		return true;
	if (given(watch->ctl, OPT_JSON))
		json_event(&text, watch, event, data);
	else
		person_event(&text, &watch->ctl->style, event, data);
	watch->status = output(&text);
	return watch->status == 0;
}

/* Of the stream's comments only "… left out" is for people; the others keep the connection alive. */
static void remark(const char *text, size_t len, void *arg)
{
	(void)arg;
	if (memmem(text, len, "left out", strlen("left out")))
		complain(0, "the approver says: %.*s", (int)len, text);
}

static bool bytes_taken(const char *bytes, size_t len, void *arg)
{
	struct watch *watch = arg;
	return sse_feed(&watch->sse, bytes, len);
}

static int follow(struct ctl *ctl)
{
	struct watch watch = {.ctl = ctl, .sse = {.take = event_taken, .remark = remark, .arg = &watch}};
	unsigned pause = 1;
	bool ever = false, lost = false;
	int status;
	for (;;) {
		bool began;
		status = api_stream(ctl, "/v1/events", sse_last_id(&watch.sse), !ever, &began, bytes_taken,
				    &watch);
		if (watch.status != 0)
			status = watch.status;
		ever = ever || began;
		if (watch.status != 0 || !ever || status == EXIT_IDENTITY || status == EXIT_FAILED)
			break;
		if (began)
			pause = 1;
		if (began || !lost)
			complain(0, "the connection to %s was lost; trying again", api_url(ctl));
		lost = true;
		sse_restart(&watch.sse);
		sleep(pause);
		pause = pause * 2 > PAUSE_MAX_S ? PAUSE_MAX_S : pause * 2;
	}
	sse_finish(&watch.sse);
	return status;
}

const struct verb verb_watch = {
    .name = "watch",
    .operands = "",
    .help = "tell what waits, is decided, ends and is killed, as it happens",
    .most = 0,
    .options = OPTION(JSON),
    .run = follow,
};
