/* feed_conf.h: DIR/feeds.json, read strictly: what is not understood is not there by half.
 *
 *     {"version":1,"feeds":[
 *      {"name":"siem","type":"syslog","host":"logs.example","ca":"siem-ca.pem"},
 *      {"name":"journal","type":"journald"},
 *      {"name":"hook","type":"webhook","url":"https://hooks.example/whosh","ca":"hook-ca.pem",
 *       "secret_file":"hook.secret"}]}
 *
 * Every member is explained in whoshd(8).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_FEED_CONF_H
#define WHOSH_FEEDS_FEED_CONF_H

#include "approver/export/export.h"
#include "common/buf.h"

enum feed_type { FEED_SYSLOG, FEED_JOURNALD, FEED_WEBHOOK };
enum { FEEDS_MAX = 16 };

struct feed_conf {
	char *name;
	enum feed_type type;
	enum export_format format;
	bool from_start; /* the first time it begins with the log's first event, not with the next */
	/* syslog */
	char *host, *server_name, *cert, *key; /* cert and key: paths of our own; NULL: none */
	int64_t port, facility, max_message;
	/* syslog and webhook */
	struct buf ca; /* PEM */
	/* journald */
	char *socket;
	/* webhook */
	char *url;
	struct buf secret;
	int64_t batch;
};

struct feeds_conf {
	struct feed_conf feed[FEEDS_MAX];
	size_t n;
};

/* Read DIR/feeds.json; *missing: there is none, and there are no feeds.  false with a malloc'd sentence in
 * *error.  Finish it either way. */
bool feeds_conf_load(struct feeds_conf *conf, const char *dir, bool *missing, char **error);
/* The same of a text, whose files are in `dir`. */
bool feeds_conf_parse(struct feeds_conf *conf, const char *text, size_t len, const char *dir, char **error);
void feeds_conf_finish(struct feeds_conf *conf);
void feed_conf_finish(struct feed_conf *conf);

#endif
