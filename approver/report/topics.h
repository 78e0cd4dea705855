/* topics.h: what the counted facts say, in sentences: one function a topic, which controls share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_TOPICS_H
#define WHOSH_REPORT_TOPICS_H

#include "approver/report/facts.h"

enum topic {
	TOPIC_NONE, /* 0, so that a list of topics ends by itself */
	TOPIC_DECISIONS,
	TOPIC_AGENTS,
	TOPIC_CREDENTIALS,
	TOPIC_REFUSED,
	TOPIC_REVIEWS,
	TOPIC_OUTCOMES,
	TOPIC_CHANGES,
	TOPIC_KILLS,
	TOPIC_LOG,
	TOPIC_RECORD,
	TOPIC_PEOPLE,
	TOPIC_MODELS,
	TOPIC_DELEGATIONS,
	TOPICS
};

/* Append the topic's sentences as JSON strings, separated by commas, after a comma unless it is the first. */
void topic_answer(struct buf *out, enum topic topic, const struct facts *facts);
/* The facts it rests on, ended by FACTS. */
const enum fact *topic_facts(enum topic topic);

#endif
