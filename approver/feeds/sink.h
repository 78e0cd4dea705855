/* sink.h: where a feed's records go: what each kind of receiver must be able to do.
 *
 * A sink is used by its feed's thread alone.  Records are put in (add), handed over together (send), and
 * count once they are settled.  Whoever waits looks at *stop now and then and gives up soon after it is true.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_SINK_H
#define WHOSH_FEEDS_SINK_H

#include "approver/export/export_item.h"
#include "approver/feeds/feed_conf.h"
#include <stdatomic.h>

/* What went wrong, by a word for /metrics, which names nobody and no address. */
enum fault_kind {
	FAULT_NONE,
	FAULT_ADDRESS,
	FAULT_CONNECT,
	FAULT_CERTIFICATE,
	FAULT_TLS,
	FAULT_TIMEOUT,
	FAULT_LOST,
	FAULT_ANSWER,
	FAULT_STORE,
	FAULT_MEMORY,
	FAULTS
};
struct fault {
	enum fault_kind kind;
	char why[256];         /* for the log */
	int64_t retry_after_s; /* the receiver asked for so much time; 0: it did not */
};
/* Fill it in; false, so that a caller can return it. */
bool fault_set(struct fault *fault, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum { SINK_LOST = -2 };

struct sink {
	const struct sink_kind *kind;
	const struct feed_conf *conf;
	const char *approver;
	_Atomic bool *stop;
};

struct sink_kind {
	bool ascii;
	struct sink *(*open)(void); /* zeroed but for its kind; no connection yet */
	/* Put one record in. */
	void (*add)(struct sink *sink, const struct export_item *item, const struct buf *line);
	/* Hand over what was put in; either way nothing is in it any more. */
	bool (*send)(struct sink *sink, struct fault *fault);
	/* Of what was handed over up to record `sent`, up to which one is it settled?  `settled` was the last
	 * answer.  SINK_LOST: the connection has gone and with it perhaps what was not settled. */
	int64_t (*settled)(struct sink *sink, int64_t settled, int64_t sent, struct fault *fault);
	/* The end: true when all that was handed over has surely arrived. */
	bool (*close)(struct sink *sink);
	void (*free)(struct sink *sink);
};

/* Of a sink whose send says that the record is there. */
int64_t sink_settled_at_once(struct sink *sink, int64_t settled, int64_t sent, struct fault *fault);
bool sink_closed_at_once(struct sink *sink);

extern const struct sink_kind sink_syslog, sink_journald, sink_webhook;

#endif
