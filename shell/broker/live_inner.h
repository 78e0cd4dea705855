/* live_inner.h: what the files of the live poll share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_LIVE_INNER_H
#define BROKER_LIVE_INNER_H

#include "shell/broker/live.h"

enum { LIVE_BUCKETS = 1024 };

struct poll {
	struct live *live;
	struct call *call; /* NULL: idle */
	struct buf body;
	int64_t sent, wait_ms;
	uint64_t number;
};

struct live {
	struct broker *broker;
	struct live_entry *bucket[LIVE_BUCKETS];
	size_t listed;
	struct poll polls[2];
	uint64_t number; /* of polls sent */
	struct timer due;
	int64_t last_sent;
	int64_t lease_ms; /* the approver's word */
	unsigned tries;
};

/* live.c: the entry of that ID, NULL when it is not listed. */
struct live_entry *live_find(const struct live *live, const char *id);

/* live_answer.c: hand out what an answer brings; how many commands of ours had news, -1 when it cannot be
 * understood. */
int live_hand_out(struct live *live, const struct poll *poll, const struct buf *body);

#endif
