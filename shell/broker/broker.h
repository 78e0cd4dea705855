/* broker.h: what all parts of one broker share.
 *
 *     listen ─▶ shell ─▶ command ─▶ client ─▶ approver
 *                │          ├──▶ live      (pending and running commands, one poll for all)
 *                │          ├──▶ trees     (of processes that are ended, or were left behind)
 *                └▶ check   └──▶ outbox ─▶ spool
 *
 * One thread, one loop; nothing here is locked.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "common/conf.h"
#include "shell/broker/client.h"
#include "shell/broker/credential.h"
#include "shell/broker/loop.h"
#include "shell/broker/peer.h"
#include "shell/broker/permit.h"
#include <limits.h>

struct shell;
struct live;
struct trees;
struct outbox;
struct history;

struct broker {
	bool private; /* started by one shell for itself */
	struct conf conf;
	char *trouble; /* private: the configuration is unusable, and why; the shell is to be told */
	struct loop *loop;
	struct client *client;
	struct public_key *approver;
	struct permit_book *permits;
	struct credentials credentials;
	struct peer *peers;
	struct live *live;
	struct trees *trees;
	struct outbox *outbox;
	struct history *history; /* NULL: none is kept (private) */
	char host[HOST_NAME_MAX + 1];
	int64_t review_timeout; /* seconds */
	int64_t lease_ms;       /* how long a command runs on without a word from the approver, at most */
	bool lapse_finishes;    /* and then runs on to its end */
	struct shell *shells;
	size_t shell_count, command_count;
	size_t left_count; /* of the commands: ended, and their processes have not */
	bool stopping;
};

/* Something has ended: end the loop when a private or stopping broker has nothing left to do. */
void broker_settle(struct broker *broker);

#endif
