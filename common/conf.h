/* conf.h: whosh.conf(5): `key = value`, and where each value came from.
 *
 * /etc/whosh/whosh.conf, when present, wins: the environment then gives identity only, never the approver's
 * URL, CA, key or interpreter.  Where it is absent, WHOSH_CONFIG, WHOSH_APPROVER_URL, WHOSH_APPROVER_CA,
 * WHOSH_APPROVER_KEY and WHOSH_TOKEN_FILE serve (the single variables win over the file named by
 * WHOSH_CONFIG). Libc only: the gate links it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_CONF_H
#define WHOSH_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum conf_key {
	CONF_APPROVER,     /* https://HOST:PORT */
	CONF_CA,           /* PEM file: the only CA believed */
	CONF_APPROVER_KEY, /* the approver's Ed25519 public key, base64url (43 characters), or a file holding
			      it */
	CONF_TOKEN_FILE,
	CONF_INTERPRETER,   /* default /bin/bash */
	CONF_BROKER_SOCKET, /* default /run/whosh/broker.sock */
	CONF_CREDENTIALS,   /* default /etc/whosh/credentials */
	CONF_SPOOL,   /* outcomes not delivered yet; system: /var/spool/whosh, private: see whosh-broker(8) */
	CONF_HISTORY, /* folder, system: /var/lib/whosh-broker/history */
	CONF_KEEP_ENV,       /* names separated by blanks */
	CONF_REVIEW_TIMEOUT, /* duration, default 10m */
	CONF_LEASE,          /* duration, default 30s */
	CONF_ON_LEASE_LAPSE, /* kill | finish */
	CONF_KEYS
};

struct conf {
	char *value[CONF_KEYS];        /* NULL: not set and no default */
	const char *source[CONF_KEYS]; /* "/etc/whosh/whosh.conf", "WHOSH_TOKEN_FILE", the WHOSH_CONFIG path,
					  "default" */
	char *file;                    /* the file that was read, or NULL */
	bool system;                   /* it was /etc/whosh/whosh.conf */
	uid_t owner;                   /* whose files are believed beside root's and this account's */
};

/* The key's name as written in the file. */
const char *conf_key_name(enum conf_key key);
/* Load from `path`, or by the rule above when `path` is NULL.  Relative paths in a file are relative to its
 * folder. 0; -1 with a malloc'd sentence in *error (file, line number, what is wrong). A file writable by
 * others than its owner and root, or owned by neither root nor the caller, is an error. */
int conf_load(struct conf *conf, const char *path, char **error);
/* The same of a file that may also belong to `owner`: root looks after an approver that runs as another
 * account.
 */
int conf_load_of(struct conf *conf, const char *path, uid_t owner, char **error);
void conf_finish(struct conf *conf);

#endif
