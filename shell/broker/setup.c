/* setup.c: from configuration to a broker that can ask.
 *
 * libcurl and OpenSSL read many environment variables (proxies, SSLKEYLOGFILE, OPENSSL_CONF, SSL_CERT_FILE
 * …).  A list of those to be removed would never be complete, so the environment is emptied but for a list of
 * those to be kept.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/setup.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/secure.h"
#include "shell/broker/history.h"
#include "shell/broker/live.h"
#include "shell/broker/outbox.h"
#include "shell/broker/spool.h"
#include "shell/broker/trees.h"
#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SYSTEM_CONNECTIONS = 32, PRIVATE_CONNECTIONS = 2, KEPT_FREE = 1 << 20 };

static const char system_spool[] = "/var/spool/whosh", system_history[] = "/var/lib/whosh-broker/history";

extern char **environ;

void setup_environment(void)
{
	static const char *const kept[] = {"PATH=",         "HOME=",          "XDG_STATE_HOME=",
					   "TZ=",           "WHOSH_",         "LISTEN_PID=",
					   "LISTEN_FDS=",   "NOTIFY_SOCKET=", "CREDENTIALS_DIRECTORY=",
					   "ASAN_OPTIONS=", "UBSAN_OPTIONS="};
	char **to = environ;
	for (char **from = environ; *from; from++)
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			if (!strncmp(*from, kept[i], strlen(kept[i]))) {
				*to++ = *from;
				break;
			}
	*to = NULL;
}

void setup_process(bool private)
{
	secure_process(false);
	signal(SIGPIPE, SIG_IGN);
	if (private) {
		/* Its shell decides what a Ctrl-C or a hang-up means, and tells by closing the socket. */
		setsid();
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		return;
	}
	/* The memory of one command is that of the next: to give it back in between costs system calls. */
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
	mallopt(M_TOP_PAD, KEPT_FREE / 4);
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Where a private broker keeps what it cannot deliver: `spool` when the user's own configuration names one,
 * else the XDG state folder; NULL when there is no home. */
static char *private_spool(const struct conf *conf)
{
	char *folder = NULL;
	if (conf->value[CONF_SPOOL] && !conf->system)
		return strdup(conf->value[CONF_SPOOL]);
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state && *state == '/')
		return asprintf(&folder, "%s/whosh/spool", state) < 0 ? NULL : folder;
	if (!home || *home != '/') {
		const struct passwd *entry = getpwuid(getuid());
		home = entry ? entry->pw_dir : NULL;
	}
	if (!home || *home != '/')
		return NULL;
	return asprintf(&folder, "%s/.local/state/whosh/spool", home) < 0 ? NULL : folder;
}

static bool setup_outbox(struct broker *broker, char **error)
{
	const char *why = NULL;
	if (broker->private) {
		/* The folder is made when there is something to put in it. */
		char *folder = private_spool(&broker->conf);
		why = folder ? NULL : "there is no home directory";
		broker->outbox = outbox_new(broker, folder, why);
		free(folder);
	} else {
		const char *folder =
		    broker->conf.value[CONF_SPOOL] ? broker->conf.value[CONF_SPOOL] : system_spool;
		if (spool_prepare(folder) < 0)
			return error_set(error, "spool: %s: %s", folder, strerror(errno));
		broker->outbox = outbox_new(broker, folder, NULL);
		folder = broker->conf.value[CONF_HISTORY];
		broker->history = history_new(folder ? folder : system_history);
	}
	return (broker->outbox && (broker->history || broker->private)) || error_set(error, "out of memory");
}

static bool setup_approver(struct broker *broker, char **error)
{
	const char *const *value = (const char *const *)broker->conf.value;
	static const enum conf_key needed[] = {CONF_APPROVER, CONF_CA, CONF_APPROVER_KEY};
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!value[needed[i]])
			return error_set(
			    error, "%s is not set%s%s", conf_key_name(needed[i]),
			    broker->conf.file ? " in " : "; set WHOSH_CONFIG to the approver's client.conf",
			    broker->conf.file ? broker->conf.file : "");
	if (access(value[CONF_CA], R_OK) < 0)
		return error_set(error, "ca: %s: %s", value[CONF_CA], strerror(errno));
	struct buf key BUF_AUTO = BUF_INIT;
	if (base64url_decode(&key, value[CONF_APPROVER_KEY], strlen(value[CONF_APPROVER_KEY])) &&
	    key.len == KEY_BYTES)
		broker->approver = public_key_new((const unsigned char *)key.data);
	if (!broker->approver)
		return error_set(error, "approver_key is not an Ed25519 public key");
	if (!duration_parse(value[CONF_REVIEW_TIMEOUT], &broker->review_timeout))
		return error_set(error, "review_timeout is not a duration");
	if (!duration_parse(value[CONF_LEASE], &broker->lease_ms) || broker->lease_ms < 1)
		return error_set(error, "lease is not a duration of a second or more");
	broker->lease_ms *= 1000;
	broker->lapse_finishes = !strcmp(value[CONF_ON_LEASE_LAPSE], "finish");
	broker->client = client_new(broker->loop, value[CONF_APPROVER], value[CONF_CA],
				    broker->private ? PRIVATE_CONNECTIONS : SYSTEM_CONNECTIONS);
	broker->live = live_poll_new(broker);
	broker->trees = trees_new(broker);
	broker->permits = permit_book_new();
	return (broker->client && broker->live && broker->trees && broker->permits) ||
	       error_set(error, "out of memory");
}

bool setup_broker(struct broker *broker, const char *config, char **error)
{
	broker->loop = loop_new();
	if (!broker->loop)
		return error_set(error, "%s", strerror(errno));
	broker->credentials = (struct credentials){
	    .conf = &broker->conf, .private = broker->private, .directory = getenv("CREDENTIALS_DIRECTORY")};
	if (gethostname(broker->host, sizeof broker->host) < 0)
		return error_set(error, "gethostname: %s", strerror(errno));
	broker->host[sizeof broker->host - 1] = 0;
	/* No openssl.cnf: it could load code, and reading it takes a millisecond. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    curl_global_init(CURL_GLOBAL_NOTHING) != 0)
		return error_set(error, "libcurl cannot be set up");
	if (conf_load(&broker->conf, config, error) < 0)
		return false;
	return setup_approver(broker, error) && setup_outbox(broker, error);
}

void setup_finish(struct broker *broker)
{
	outbox_free(broker->outbox);
	history_free(broker->history);
	live_poll_free(broker->live);
	trees_free(broker->trees);
	client_free(broker->client);
	permit_book_free(broker->permits);
	public_key_free(broker->approver);
	credentials_finish(&broker->credentials);
	peers_free(&broker->peers);
	conf_finish(&broker->conf);
	free(broker->trouble);
	loop_free(broker->loop);
	curl_global_cleanup();
}
