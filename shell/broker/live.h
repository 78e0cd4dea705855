/* live.h: one long poll for all of a host's pending and running commands (POST /v1/live).
 *
 * It brings decisions as they fall, and renews the leases of what runs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_LIVE_H
#define BROKER_LIVE_H

#include "shell/broker/broker.h"

/* A command's place in the poll; embedded in it. */
struct live_entry {
	const char *id, *tail; /* borrowed: the command's ID, and the last characters of its JWS as proof */
	bool listed, running;
	int64_t covered; /* when a poll that names it was last sent, or its permit came; 0: not yet
			    (clock_mono_ms) */
	/* A permit came for it (it is still listed).  */
	void (*decided)(struct live_entry *entry, const char *jws, size_t len);
	/* The approver does not know it. */
	void (*unknown)(struct live_entry *entry);
	struct live_entry *next, **back;
};

struct live *live_poll_new(struct broker *broker); /* NULL: out of memory */
void live_poll_free(struct live *live);

/* Name it from now on, as pending or running; `lease_s` (0: as before) is how long the approver waits for a
 * sign of life. */
void live_pending(struct live *live, struct live_entry *entry);
void live_running(struct live *live, struct live_entry *entry, int64_t lease_s);
/* Name it no longer; harmless when it is not listed. */
void live_unlist(struct live *live, struct live_entry *entry);

#endif
