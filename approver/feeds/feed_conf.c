/* feed_conf.c: see feed_conf.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feed_conf.h"
#include "common/conf_value.h"
#include "common/error.h"
#include "common/json.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_CONF = 256 * 1024, MAX_CA = 256 * 1024, MIN_SECRET = 16, MAX_SECRET = 4096, MAX_TEXT = 1000 };

static const char *const
    common[] = {"name", "type", "format", "from", NULL},
    *const syslog[] = {"host", "port", "ca", "server_name", "cert", "key", "facility", "max_message", NULL},
    *const journald[] = {"socket", NULL}, *const webhook[] = {"url", "ca", "secret_file", "batch", NULL};

static const struct type {
	const char *name;
	const char *const *members;
} types[] = {[FEED_SYSLOG] = {"syslog", syslog},
	     [FEED_JOURNALD] = {"journald", journald},
	     [FEED_WEBHOOK] = {"webhook", webhook}};
enum { TYPES = sizeof types / sizeof *types };

static bool listed(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* ── members ───────────────────────────────────────────────────────────────────────────────────────────── */

static bool path_beside(const char *dir, const char *name, char path[4096])
{
	int n = snprintf(path, 4096, *name == '/' ? "%s%s" : "%s/%s", *name == '/' ? "" : dir, name);
	return n > 0 && n < 4096;
}

static bool read_beside(const struct feed_conf *feed, const char *dir, const char *name, size_t max,
			struct buf *out, char **error)
{
	char path[4096];
	bool missing;
	const char *why = path_beside(dir, name, path) ? read_trusted(path, geteuid(), max, out, &missing)
						       : "the path is too long";
	return !why || error_set(error, "%s: %s: %s", feed->name, name, why);
}

/* The same of a secret: nobody but its owner may read it either. */
static bool read_secret(const struct feed_conf *feed, const char *dir, const char *name, size_t max,
			struct buf *out, char **error)
{
	char path[4096];
	struct stat st;
	if (!read_beside(feed, dir, name, max, out, error))
		return false;
	if (!path_beside(dir, name, path) || stat(path, &st) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return error_set(error, "%s: %s: others can read it (chmod 0600)", feed->name, name);
	return true;
}

/* A text of at most MAX_TEXT bytes without characters that act or hide; NULL stays NULL. */
static bool take_text(const struct feed_conf *feed, const cJSON *json, const char *name, char **into,
		      char **error)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, name);
	if (!value)
		return true;
	struct buf visible BUF_AUTO = BUF_INIT;
	const char *text = cJSON_IsString(value) ? value->valuestring : "";
	visible_add(&visible, text, strlen(text));
	if (!*text || strlen(text) > MAX_TEXT || !visible.data || strcmp(visible.data, text) != 0)
		return error_set(error, "%s: \"%s\" is a text of 1 to %d plain characters", feed->name, name,
				 MAX_TEXT);
	*into = strdup(text);
	return *into || error_set(error, "out of memory");
}

static bool take_number(const struct feed_conf *feed, const cJSON *json, const char *name, int64_t least,
			int64_t most, int64_t *into, char **error)
{
	if (!cJSON_GetObjectItemCaseSensitive(json, name))
		return true;
	if (json_integer(json, name, into) && *into >= least && *into <= most)
		return true;
	return error_set(error, "%s: \"%s\" is a whole number from %lld to %lld", feed->name, name,
			 (long long)least, (long long)most);
}

static bool take_ca(struct feed_conf *feed, const cJSON *json, const char *dir, char **error)
{
	const char *name = json_string(json, "ca");
	if (!name)
		return error_set(error, "%s: needs \"ca\", the file of the one CA that is believed",
				 feed->name);
	if (!read_beside(feed, dir, name, MAX_CA, &feed->ca, error))
		return false;
	return (feed->ca.data && strstr(feed->ca.data, "-----BEGIN CERTIFICATE-----")) ||
	       error_set(error, "%s: %s: holds no certificate in PEM", feed->name, name);
}

/* ── types ─────────────────────────────────────────────────────────────────────────────────────────────── */

static bool take_facility(struct feed_conf *feed, const cJSON *json, char **error)
{
	static const struct {
		const char *name;
		int number;
	} facilities[] = {{"auth", 4},    {"authpriv", 10}, {"audit", 13},  {"local0", 16},
			  {"local1", 17}, {"local2", 18},   {"local3", 19}, {"local4", 20},
			  {"local5", 21}, {"local6", 22},   {"local7", 23}};
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "facility");
	feed->facility = 10;
	if (!value)
		return true;
	for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++)
		if (cJSON_IsString(value) && !strcmp(value->valuestring, facilities[i].name)) {
			feed->facility = facilities[i].number;
			return true;
		}
	return error_set(error, "%s: \"facility\" is auth, authpriv, audit or local0 to local7", feed->name);
}

/* A file that OpenSSL reads itself when it connects. */
static bool take_path(struct feed_conf *feed, const cJSON *json, const char *dir, const char *name,
		      char **into, char **error)
{
	const char *text = json_string(json, name);
	char path[4096];
	struct buf bytes = BUF_INIT;
	if (!cJSON_GetObjectItemCaseSensitive(json, name))
		return true;
	if (!text || !path_beside(dir, text, path))
		return error_set(error, "%s: \"%s\" is the name of a file", feed->name, name);
	bool secret = !strcmp(name, "key");
	bool good = (secret ? read_secret : read_beside)(feed, dir, text, MAX_CA, &bytes, error);
	buf_wipe(&bytes);
	*into = good ? strdup(path) : NULL;
	return *into || error_set(error, "out of memory");
}

static bool read_syslog(struct feed_conf *feed, const cJSON *json, const char *dir, char **error)
{
	feed->port = 6514;
	feed->max_message = 8192;
	if (!take_text(feed, json, "host", &feed->host, error) ||
	    !take_text(feed, json, "server_name", &feed->server_name, error) ||
	    !take_number(feed, json, "port", 1, 65535, &feed->port, error) ||
	    !take_number(feed, json, "max_message", 4096, 16 << 20, &feed->max_message, error) ||
	    !take_facility(feed, json, error) || !take_ca(feed, json, dir, error) ||
	    !take_path(feed, json, dir, "cert", &feed->cert, error) ||
	    !take_path(feed, json, dir, "key", &feed->key, error))
		return false;
	if (!feed->host)
		return error_set(error, "%s: needs \"host\"", feed->name);
	if (!feed->cert != !feed->key)
		return error_set(error, "%s: \"cert\" and \"key\" belong together", feed->name);
	if (!feed->server_name)
		feed->server_name = strdup(feed->host);
	return feed->server_name || error_set(error, "out of memory");
}

static bool read_journald(struct feed_conf *feed, const cJSON *json, const char *dir, char **error)
{
	(void)dir;
	if (!take_text(feed, json, "socket", &feed->socket, error))
		return false;
	if (!feed->socket)
		feed->socket = strdup("/run/systemd/journal/socket");
	if (!feed->socket)
		return error_set(error, "out of memory");
	if (*feed->socket != '/' || strlen(feed->socket) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return error_set(error, "%s: \"socket\" is an absolute path of at most 107 bytes",
				 feed->name);
	return cJSON_GetObjectItemCaseSensitive(json, "format")
		   ? error_set(error, "%s: \"format\" is not for journald", feed->name)
		   : true;
}

/* https://HOST[:PORT]/PATH without a user in it; what else a URL may be is curl's to refuse. */
static bool is_url(const char *url)
{
	const char *host = url + 8, *end = host + strcspn(host, "/?#");
	return !strncmp(url, "https://", 8) && end > host && !memchr(host, '@', (size_t)(end - host)) &&
	       !strpbrk(url, " #\"<>\\^`{|}");
}

static bool take_secret(struct feed_conf *feed, const cJSON *json, const char *dir, char **error)
{
	const char *name = json_string(json, "secret_file");
	struct buf *secret = &feed->secret;
	if (!name)
		return error_set(error, "%s: needs \"secret_file\"", feed->name);
	if (!read_secret(feed, dir, name, MAX_SECRET, secret, error))
		return false;
	while (secret->len &&
	       (secret->data[secret->len - 1] == '\n' || secret->data[secret->len - 1] == '\r'))
		secret->data[--secret->len] = '\0';
	return secret->len >= MIN_SECRET ||
	       error_set(error, "%s: %s: a secret has %d bytes or more", feed->name, name, MIN_SECRET);
}

static bool read_webhook(struct feed_conf *feed, const cJSON *json, const char *dir, char **error)
{
	feed->batch = 100;
	if (!take_text(feed, json, "url", &feed->url, error) ||
	    !take_number(feed, json, "batch", 1, 1000, &feed->batch, error) ||
	    !take_ca(feed, json, dir, error) || !take_secret(feed, json, dir, error))
		return false;
	return (feed->url && is_url(feed->url)) ||
	       error_set(error, "%s: \"url\" is https://HOST[:PORT]/PATH", feed->name);
}

/* ── a feed, and all of them ───────────────────────────────────────────────────────────────────────────── */

static bool take_common(struct feed_conf *feed, const cJSON *json, char **error)
{
	const char *format = json_string(json, "format"), *from = json_string(json, "from");
	if (cJSON_GetObjectItemCaseSensitive(json, "format")) {
		feed->format = format ? export_format_parse(format) : EXPORT_FORMATS;
		if (feed->format == EXPORT_FORMATS || feed->format == EXPORT_CSV)
			return error_set(error, "%s: \"format\" is jsonl, ocsf, ecs or otel", feed->name);
	}
	if (cJSON_GetObjectItemCaseSensitive(json, "from") &&
	    (!from || (strcmp(from, "now") != 0 && strcmp(from, "start") != 0)))
		return error_set(error, "%s: \"from\" is now or start", feed->name);
	feed->from_start = from && !strcmp(from, "start");
	return true;
}

static bool read_feed(struct feeds_conf *conf, const cJSON *json, const char *dir, char **error)
{
	static bool (*const readers[TYPES])(struct feed_conf *, const cJSON *, const char *, char **) = {
	    [FEED_SYSLOG] = read_syslog, [FEED_JOURNALD] = read_journald, [FEED_WEBHOOK] = read_webhook};
	const char *name = json_string(json, "name"), *type = json_string(json, "type");
	if (!cJSON_IsObject(json))
		return error_set(error, "a feed is not an object");
	if (!name || !name_valid(name))
		return error_set(error,
				 "a feed's name is 1 to 64 of A-Z a-z 0-9 . _ - @, beginning with a letter "
				 "or digit");
	for (size_t i = 0; i < conf->n; i++)
		if (!strcmp(conf->feed[i].name, name))
			return error_set(error, "%s is there twice", name);
	struct feed_conf *feed = &conf->feed[conf->n++];
	if (!(feed->name = strdup(name)))
		return error_set(error, "out of memory");
	int i = 0;
	while (i < TYPES && (!type || strcmp(types[i].name, type) != 0))
		i++;
	if (i == TYPES)
		return error_set(error, "%s: \"type\" is syslog, journald or webhook", name);
	feed->type = (enum feed_type)i;
	const cJSON *member;
	cJSON_ArrayForEach(
	    member,
	    json) if (!listed(common, member->string) &&
		      !listed(types[i].members,
			      member->string)) return error_set(error,
								"%s: a feed of type %s has no \"%.64s\"",
								name, type, member->string);
	return take_common(feed, json, error) && readers[i](feed, json, dir, error);
}

bool feeds_conf_parse(struct feeds_conf *conf, const char *text, size_t len, const char *dir, char **error)
{
	static const char *const members[] = {"version", "feeds", NULL};
	const char *why = "nothing";
	memset(conf, 0, sizeof *conf);
	cJSON *json JSON_AUTO = json_parse(text, len, &why);
	const cJSON *list = json_array(json, "feeds"), *feed;
	if (!json)
		return error_set(error, "%s", why);
	if (!json_configuration(json, members, error))
		return false;
	if (!list || cJSON_GetArraySize(list) > FEEDS_MAX)
		return error_set(error, "\"feeds\" is a list of at most %d", FEEDS_MAX);
	cJSON_ArrayForEach(feed, list) if (!read_feed(conf, feed, dir, error)) return false;
	return true;
}

bool feeds_conf_load(struct feeds_conf *conf, const char *dir, bool *missing, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char path[4096];
	memset(conf, 0, sizeof *conf);
	*missing = false;
	const char *why = path_beside(dir, "feeds.json", path)
			      ? read_trusted(path, geteuid(), MAX_CONF, &text, missing)
			      : "the path is too long";
	if (why)
		return *missing || error_set(error, "%s", why);
	return feeds_conf_parse(conf, text.data ? text.data : "", text.len, dir, error);
}

void feed_conf_finish(struct feed_conf *feed)
{
	free(feed->name);
	free(feed->host);
	free(feed->server_name);
	free(feed->cert);
	free(feed->key);
	free(feed->socket);
	free(feed->url);
	buf_finish(&feed->ca);
	buf_wipe(&feed->secret);
	memset(feed, 0, sizeof *feed);
}

void feeds_conf_finish(struct feeds_conf *conf)
{
	for (size_t i = 0; i < conf->n; i++)
		feed_conf_finish(&conf->feed[i]);
	conf->n = 0;
}
