/* export_item.h: one record before it has a format.
 *
 * Every format writes from this and from nothing else, and every text in it that somebody else wrote has had
 * its secrets masked when it was filled: a format that forgets something cannot give one away.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_ITEM_H
#define WHOSH_EXPORT_EXPORT_ITEM_H

#include "approver/secrets/row.h"
#include "approver/store/store.h"
#include "common/buf.h"
#include "common/json.h"

struct export_item {
	int64_t index, ms; /* of the event */
	enum event_kind kind;
	const char *approver;
	bool cut;    /* told in short, because it would have been too large */
	bool masked; /* there were secrets in it */

	bool is_command;
	struct command_row row; /* of a command; borrows from the next two */
	struct command_row stored;
	struct masked_row shown;
	cJSON *detail; /* of a command: row.detail as a tree; may be NULL */

	char *subject; /* of another event; may be NULL */
	cJSON *body;   /* its JSON, or the claims of its JWS; may be NULL */
};

/* Fill from an event, its secrets masked; events from number `end` on are not looked at in this run.  1; 0
 * when the event is none to tell (its command appears elsewhere); -1 after logging why. Finish it when it
 * is 1. */
int export_item_fill(struct export_item *item, struct store_reader *reader, const struct store_event *event,
		     int64_t end, const struct secrets *secrets);
void export_item_finish(struct export_item *item);
/* Make it short: long texts end early, and what explains a command but does not name it is left out.  Shorter
 * still when it was cut before. */
void export_item_cut(struct export_item *item);

/* "command", or the name of the event. */
const char *export_kind(const struct export_item *item);
/* When it happened: ms. */
int64_t export_time(const struct export_item *item);
/* A member of an event's body, or NULL. */
const char *export_body(const struct export_item *item, const char *name);
/* Who did it, when it is no command: an operator's or an agent's name; NULL when nobody is named. */
const char *export_operator(const struct export_item *item);
/* The agent that it is about; NULL. */
const char *export_agent(const struct export_item *item);
/* In one sentence, one line, visibly: "worker 2.3 for alice, denied by rule no-rm: rm -rf /". */
void export_sentence(struct buf *out, const struct export_item *item);

/* How grave, as syslog counts it (RFC 5424): 1 alert … 4 warning, 5 notice, 6 informational. */
enum { GRAVE_ALERT = 1, GRAVE_WARNING = 4, GRAVE_NOTICE = 5, GRAVE_INFO = 6 };
int export_severity(const struct export_item *item);
/* Did it succeed: 1 yes, 0 no, -1 not known (yet).  A command that ended with another status than 0 was still
 * allowed: what is asked is `allowed`. */
int export_success(const struct export_item *item);
int export_allowed(const struct export_item *item);

#endif
