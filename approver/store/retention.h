/* retention.h: how long entries are kept, as DIR/retention.json has it:
 *
 *	{"version":1,"entries":{"keep":"400d","archive":"/var/lib/whosh-archive"}}
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_RETENTION_H
#define WHOSH_STORE_RETENTION_H

#include "approver/store/store.h"

struct retention {
	bool given; /* false: everything is kept */
	int64_t keep_ms;
	char archive[4096]; /* an absolute path; "": entries are deleted */
	char s256[44];      /* of the file's bytes */
};
/* false with *error: it is there, and is no policy. */
bool retention_load(struct retention *retention, const char *folder, char **error);

struct retained {
	int64_t from, to; /* entries, both included; to < from: none */
	struct retention policy;
};
/* Archive at most `most` bundles whose newest leaf is older than the policy keeps, up to the first that an
 * open command or a delegation still good is in: copy, log that, remove.  `dry`: only say which.  On the
 * writer's thread, outside a group.  0, or -1 with *error: nothing was removed that was not logged. */
int store_retain(struct store *store, int most, bool dry, struct retained *retained, char **error);
/* retain.c, for store_tidy: now and then. */
void retain_some(struct store *store);
/* Where the entry went: ARCHIVED_IN with *archive (malloc'd), or what else is known; 0: it is here, or there
 * is none; -1. */
enum { ARCHIVED_IN = 1, ARCHIVED_DELETED, ARCHIVED_SOMEWHERE };
int store_archived(struct store_reader *reader, int64_t index, char **archive);

#endif
