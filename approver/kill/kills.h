/* kills.h: the kills in force, in memory, and what each of them is about.
 *
 * The way of a command while nothing is killed is one atomic load (kills_any).  While something is, each
 * command is held against every kill: as what it says of itself, as what it descends from (its lineage), and
 * for kills of sessions and commands as what the commands around it are (its parents, from the store).
 *
 * A kill's time is looked at whenever it is used: one that is over matches nothing more, and is forgotten at
 * the next occasion.  The list is changed by the writer thread only, after its group is on disk.  A kill is
 * counted: a command that it ended keeps it for as long as it must be told so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_KILL_KILLS_H
#define WHOSH_KILL_KILLS_H

#include "approver/store/kills.h"
#include "common/buf.h"
#include "common/uuid.h"
#include <stdatomic.h>

enum kill_kind {
	KILL_AGENT,
	KILL_CREDENTIAL,
	KILL_SESSION,
	KILL_HUMAN,
	KILL_MODEL,
	KILL_COMMAND,
	KILL_KINDS
};
const char *kill_kind_name(enum kill_kind kind);
enum kill_kind kill_kind_parse(const char *name); /* KILL_KINDS when it is none */

enum { MAX_KILLS = 1000, MAX_KILL_REASON = 1024, MAX_KILL_NAME = 256 };

struct kill {
	struct kill *next;
	_Atomic int uses;
	_Atomic int64_t expires; /* 0: not by itself */
	int64_t ts;
	enum kill_kind kind;
	char id[UUID_LEN + 1];
	const char *name, *reason, *by; /* in `texts` */
	char texts[];
};

/* A kill from its row, used once; NULL when out of memory or the row is none. */
struct kill *kill_new(const struct kill_row *row);
struct kill *kill_hold(struct kill *kill);
void kill_release(struct kill *kill); /* NULL is allowed */
/* "agent worker was killed by bob: runaway loop (until 2026-…)" */
void kill_sentence(struct buf *out, const struct kill *kill);

/* What a command is, to be held against kills.  NULL: not known or none. */
struct kill_subject {
	const char *id, *agent, *owner, *credential, *session, *parent, *model, *lineage;
};
/* Is the kill of this command itself, or of what it descends from by its lineage?  The kill's time is not
 * looked at. */
bool kill_matches(const struct kill *kill, const struct kill_subject *subject);
/* May a kill of that kind also reach a command through its parents? */
bool kill_descends(enum kill_kind kind);
/* Is it of one of the commands around this one?  1, 0, -1: the store could not be read.  Parents are followed
 * up to a bound that no honest nesting comes near; what is deeper counts as descending from it. */
int kill_matches_parents(const struct kill *kill, const char *parent, struct store_reader *reader);

struct kills;
struct kills *kills_new(void);
void kills_free(struct kills *kills);

/* Is anything killed, or was until just now? */
bool kills_any(struct kills *kills);
/* How many are in force. */
int64_t kills_count(struct kills *kills);
/* The first kill in force that is of this command: 1 with *found (to be released), 0, -1 when it could not be
 * found out. */
int kills_find(struct kills *kills, const struct kill_subject *subject, struct store_reader *reader,
	       struct kill **found);
/* The kill in force of exactly that (to be released), or NULL. */
struct kill *kills_get(struct kills *kills, enum kill_kind kind, const char *name);
/* The same by its ID. */
struct kill *kills_by_id(struct kills *kills, const char *id);
/* For each in force; -1: out of memory. */
int kills_each(struct kills *kills, void (*fn)(struct kill *kill, void *arg), void *arg);

/* By the writer: keep one (a use is taken), let one go. */
void kills_add(struct kills *kills, struct kill *kill);
void kills_remove(struct kills *kills, const char *id);

#endif
