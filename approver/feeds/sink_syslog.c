/* sink_syslog.c: syslog: RFC 5424 messages over TLS (RFC 5425), each with its length in front (octet
 * counting).
 *
 *     <86>1 2026-11-25T08:13:05.191Z host whoshd 4711 command [origin software="whosh" swVersion="0.1.0"] {…}
 *
 * The message is the record in the configured format, in pure ASCII: what is beyond it is written as JSON
 * escapes, so that no receiver has to guess an encoding and nothing in it can act on a terminal.
 *
 * Syslog has no acknowledgement.  What was handed over counts as arrived when the receiver's host has it
 * (TCP) and the connection has outlived that by SURE_MS, or when the receiver has answered our goodbye; until
 * then a lost connection has it sent again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feed_tls.h"
#include "common/clock.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SURE_MS = 2000 };

struct syslog {
	struct sink sink;
	struct feed_tls *tls;
	struct buf batch;
	char host[256];
	/* What is waited for: up to this record, which ends with this byte; since when its host has it. */
	int64_t mark;
	uint64_t mark_end;
	int64_t mark_ms; /* 0: its host has not */
	bool marked;
};

/* HOSTNAME: printable ASCII without blanks. */
static void own_name(char name[256])
{
	if (gethostname(name, 255) || !*name)
		strcpy(name, "-");
	name[255] = '\0';
	for (char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '_';
}

static struct sink *open_syslog(void)
{
	struct syslog *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	own_name(s->host);
	return &s->sink;
}

static void add(struct sink *sink, const struct export_item *item, const struct buf *line)
{
	struct syslog *s = (struct syslog *)sink;
	char head[512], when[RFC3339_LEN + 1];
	size_t len = line->len;
	while (len && line->data[len - 1] == '\n')
		len--;
	rfc3339_format(export_time(item), when);
	int n = snprintf(head, sizeof head,
			 "<%d>1 %s %s whoshd %ld %s [origin software=\"whosh\" swVersion=\"%s\"] ",
			 (int)sink->conf->facility * 8 + export_severity(item), when, s->host, (long)getpid(),
			 export_kind(item), WHOSH_VERSION);
	buf_addf(&s->batch, "%zu ", (size_t)n + len);
	buf_add(&s->batch, head, (size_t)n);
	buf_add(&s->batch, line->data, len);
}

static void hang_up(struct syslog *s)
{
	feed_tls_free(s->tls);
	s->tls = NULL;
	s->marked = false;
}

static bool send_syslog(struct sink *sink, struct fault *fault)
{
	struct syslog *s = (struct syslog *)sink;
	bool good = !s->batch.failed || fault_set(fault, FAULT_MEMORY, "out of memory");
	/* One that died while there was nothing to say is no failure. */
	if (good && s->tls && !s->marked && !feed_tls_alive(s->tls, fault))
		hang_up(s);
	if (good && !s->tls)
		s->tls = feed_tls_open(sink->conf, sink->stop, fault);
	good = good && s->tls && feed_tls_write(s->tls, s->batch.data, s->batch.len, fault);
	buf_finish(&s->batch);
	if (!good)
		hang_up(s);
	return good;
}

static int64_t settled(struct sink *sink, int64_t before, int64_t sent, struct fault *fault)
{
	struct syslog *s = (struct syslog *)sink;
	int64_t now = clock_mono_ms();
	if (!s->tls) {
		fault_set(fault, FAULT_LOST, "the connection was lost");
		return SINK_LOST;
	}
	if (!feed_tls_alive(s->tls, fault)) {
		hang_up(s);
		return SINK_LOST;
	}
	if (!s->marked) {
		s->marked = true;
		s->mark = sent;
		s->mark_end = feed_tls_written(s->tls);
		s->mark_ms = 0;
	}
	if (!s->mark_ms && feed_tls_acknowledged(s->tls) >= s->mark_end)
		s->mark_ms = now;
	if (!s->mark_ms || now - s->mark_ms < SURE_MS)
		return before;
	s->marked = false;
	return s->mark;
}

static bool close_syslog(struct sink *sink)
{
	struct syslog *s = (struct syslog *)sink;
	bool arrived = s->tls && feed_tls_goodbye(s->tls);
	hang_up(s);
	return arrived;
}

static void free_syslog(struct sink *sink)
{
	struct syslog *s = (struct syslog *)sink;
	hang_up(s);
	buf_finish(&s->batch);
	free(s);
}

const struct sink_kind sink_syslog = {.ascii = true,
				      .open = open_syslog,
				      .add = add,
				      .send = send_syslog,
				      .settled = settled,
				      .close = close_syslog,
				      .free = free_syslog};
