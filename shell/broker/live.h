/* live.h: one long poll for all of a host's commands: pending, running, and what they left (POST /v1/live).
 *
 * It brings decisions and kills as they fall, and renews the leases of what runs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_LIVE_H
#define BROKER_LIVE_H

#include "shell/broker/broker.h"

enum live_kind {
	LIVE_NONE, /* not named */
	LIVE_PENDING,
	LIVE_RUNNING,
	LIVE_LEFT, /* its outcome was told, and processes of it are left */
	LIVE_OVER  /* those were killed: named once more as killed, and as left no longer */
};

/* A command's place in the poll; embedded in it.  Times are clock_mono_ms. */
struct live_entry {
	const char *id, *tail; /* borrowed: the command's ID, and the last characters of its JWS as proof */
	enum live_kind kind;
	int64_t since;     /* when it became that */
	int64_t covered;   /* when a poll that names it was last sent; 0: not yet */
	int64_t confirmed; /* running, left: when the approver was last known to hold the lease */
	int64_t lease_ms;
	uint64_t ordered; /* the polls that were sent before the order to kill it came */
	bool killed, acknowledged;
	struct timer lapse;
	struct live *live;
	/* A permit came for it (it is still listed).  */
	void (*decided)(struct live_entry *entry, const char *jws, size_t len);
	/* The approver does not know it. */
	void (*unknown)(struct live_entry *entry);
	/* It is to be ended; `by` may be NULL.  Told once. */
	void (*kill)(struct live_entry *entry, const char *reason, const char *by);
	/* The approver has not confirmed it for longer than its lease.  Told once. */
	void (*lapsed)(struct live_entry *entry, int64_t silence_ms);
	/* The approver knows that it is over, or has not been heard of for a lease.  Told once. */
	void (*over)(struct live_entry *entry);
	struct live_entry *next, **back;
};

struct live *live_poll_new(struct broker *broker); /* NULL: out of memory */
void live_poll_free(struct live *live);

/* Name it from now on, as pending or as running; the lease begins. */
void live_pending(struct live *live, struct live_entry *entry);
void live_running(struct live *live, struct live_entry *entry, int64_t lease_ms);
/* Name what was running as left; the lease goes on. */
void live_left(struct live *live, struct live_entry *entry);
/* What was left has been killed: have the approver know. */
void live_over(struct live *live, struct live_entry *entry);
/* Name it no longer; harmless when it is not listed. */
void live_unlist(struct live *live, struct live_entry *entry);

#endif
