/* kill.c: one kill: what it is of, and how it is told.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kills.h"
#include "approver/identity/lineage.h"
#include "common/clock.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static const char *const kinds[KILL_KINDS] = {
    [KILL_AGENT] = "agent", [KILL_CREDENTIAL] = "credential", [KILL_SESSION] = "session",
    [KILL_HUMAN] = "human", [KILL_MODEL] = "model",           [KILL_COMMAND] = "command",
};

const char *kill_kind_name(enum kill_kind kind)
{
	return kinds[kind];
}

enum kill_kind kill_kind_parse(const char *name)
{
	int kind = 0;
	while (kind < KILL_KINDS && (!name || strcmp(name, kinds[kind]) != 0))
		kind++;
	return (enum kill_kind)kind;
}

struct kill *kill_new(const struct kill_row *row)
{
	enum kill_kind kind = kill_kind_parse(row->kind);
	if (kind == KILL_KINDS || strlen(row->id) != UUID_LEN)
		return NULL;
	size_t name = strlen(row->name) + 1, reason = strlen(row->reason) + 1, by = strlen(row->by) + 1;
	struct kill *kill = calloc(1, sizeof *kill + name + reason + by);
	if (!kill)
		return NULL;
	kill->uses = 1;
	kill->expires = row->expires;
	kill->ts = row->ts;
	kill->kind = kind;
	memcpy(kill->id, row->id, sizeof kill->id);
	kill->name = memcpy(kill->texts, row->name, name);
	kill->reason = memcpy(kill->texts + name, row->reason, reason);
	kill->by = memcpy(kill->texts + name + reason, row->by, by);
	return kill;
}

struct kill *kill_hold(struct kill *kill)
{
	kill->uses++;
	return kill;
}

void kill_release(struct kill *kill)
{
	if (kill && --kill->uses == 0)
		free(kill);
}

void kill_sentence(struct buf *out, const struct kill *kill)
{
	char until[RFC3339_LEN + 1];
	buf_addf(out, "%s ", kinds[kill->kind]);
	visible_add(out, kill->name, strlen(kill->name));
	buf_addf(out, " was killed by %s: ", kill->by);
	visible_add(out, kill->reason, strlen(kill->reason));
	if (!kill->expires)
		return;
	rfc3339_format(kill->expires, until);
	buf_addf(out, " (until %s)", until);
}

static bool is(const char *text, const struct kill *kill)
{
	return text && !strcmp(text, kill->name);
}

bool kill_descends(enum kill_kind kind)
{
	return kind == KILL_SESSION || kind == KILL_COMMAND;
}

bool kill_matches(const struct kill *kill, const struct kill_subject *s)
{
	switch (kill->kind) {
	case KILL_AGENT:
		return is(s->agent, kill) || lineage_has(s->lineage, "agent", kill->name);
	case KILL_CREDENTIAL:
		return is(s->credential, kill) || lineage_has(s->lineage, "credential", kill->name);
	case KILL_HUMAN:
		return is(s->owner, kill) || lineage_has(s->lineage, "human", kill->name);
	case KILL_SESSION:
		return is(s->session, kill);
	case KILL_MODEL:
		return s->model && (is(s->model, kill) || glob_match(kill->name, s->model));
	case KILL_COMMAND:
		return is(s->id, kill) || is(s->parent, kill);
	case KILL_KINDS:
		break;
	}
	return false;
}
