/* skim.c: the events of the log from one number to another; see skim.h.
 *
 * Every leaf begins with its number, time and kind, in this order (leaf.h): for most of them that is all that
 * is read.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/skim.h"
#include "approver/log/archive.h"
#include "approver/store/sqlite.h"
#include "common/log.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 127, KIND_MAX = 39 };

struct skim {
	struct store_reader *reader;
	store_skim_fn *fn;
	void *arg;
	bool failed;
};

static bool everyday(enum event_kind kind)
{
	return kind == EVENT_COMMAND_REQUESTED || kind == EVENT_COMMAND_DECIDED ||
	       kind == EVENT_COMMAND_OUTCOME || kind == EVENT_NOTED;
}

/* The time and kind that a leaf begins with; false when it begins otherwise. */
static bool head_parse(const char *bytes, size_t len, int64_t *ms, enum event_kind *kind)
{
	char head[HEAD_MAX + 1], name[KIND_MAX + 1];
	int64_t n;
	size_t size = len < HEAD_MAX ? len : HEAD_MAX;
	memcpy(head, bytes, size);
	head[size] = '\0';
	return sscanf(head, "{\"v\":1,\"n\":%" SCNd64 ",\"ms\":%" SCNd64 ",\"kind\":\"%39[a-z_]\"", &n, ms,
		      name) == 3 &&
	       event_kind_find(name, kind);
}

static bool one(int64_t index, const char *bytes, size_t len, void *arg)
{
	struct skim *skim = arg;
	enum event_kind kind = EVENT_KINDS;
	int64_t ms = 0;
	char *body = NULL;
	size_t body_len = 0;
	bool known = head_parse(bytes, len, &ms, &kind);
	if (known && everyday(kind))
		return skim->fn(index, kind, ms, "", 0, skim->arg);
	skim->failed = store_event(skim->reader, index, &kind, &ms, &body, &body_len) != 1;
	bool more = !skim->failed && skim->fn(index, kind, ms, body, body_len, skim->arg);
	free(body);
	return more;
}

int store_skim(struct store_reader *reader, int64_t from, int64_t to, store_skim_fn *fn, void *arg)
{
	struct skim skim = {reader, fn, arg, false};
	/* What was archived is not here any more: the tables say what they still know of it. */
	int64_t first = log_archived(reader->log) << TILE_HEIGHT;
	int failed = log_each(reader->log, from < first ? first : from, to, one, &skim);
	if (!failed && !skim.failed)
		return 0;
	log_line(LOG_LEVEL_ERROR, "the log cannot be read", NULL);
	return -1;
}
