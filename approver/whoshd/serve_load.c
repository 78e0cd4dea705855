/* serve_load.c: keys, certificate and server.conf.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/serve_load.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include "common/json.h"
#include "common/secure.h"
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

static bool read_in(const char *dir, const char *name, struct buf *out, char **error)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (!read_file(path, MAX_FILE, out) && out->len)
		return true;
	return error_set(error, "%s: %s", path, errno ? strerror(errno) : "empty");
}

static bool decode_key(const cJSON *jwk, const char *member, struct buf *out)
{
	const char *text = json_string(jwk, member);
	return text && base64url_decode(out, text, strlen(text)) && !out->failed && out->len == KEY_BYTES;
}

static void wipe_strings(cJSON *object)
{
	cJSON *child;
	cJSON_ArrayForEach(child, object) if (child->valuestring)
	    secure_wipe(child->valuestring, strlen(child->valuestring));
}

void approver_name(const char *thumbprint, char name[64])
{
	snprintf(name, 64, "whoshd:%.16s", thumbprint);
}

static bool load_permit_key(struct serve_files *files, char **error)
{
	struct buf text = BUF_INIT, d = BUF_INIT, x = BUF_INIT;
	char thumbprint[S256_LEN + 1];
	cJSON *jwk = NULL;
	bool good = read_in(files->dir, "approver.key", &text, error);
	if (good) {
		jwk = json_parse(text.data, text.len, NULL);
		if (decode_key(jwk, "d", &d) && decode_key(jwk, "x", &x))
			files->permit_key = signing_key_new((unsigned char *)d.data, (unsigned char *)x.data);
		good = files->permit_key != NULL ||
		       error_set(error, "%s/approver.key is not a usable key", files->dir);
	}
	if (good) {
		key_thumbprint((unsigned char *)x.data, thumbprint);
		approver_name(thumbprint, files->name);
	}
	wipe_strings(jwk);
	cJSON_Delete(jwk);
	buf_wipe(&text);
	buf_wipe(&d);
	buf_finish(&x);
	return good;
}

/* ── server.conf ───────────────────────────────────────────────────────────────────────────────────────── */

static const struct setting {
	const char *name;
	bool duration;
	size_t into;
	int64_t otherwise, least, most;
} settings[] = {
    {"review_timeout", true, offsetof(struct serve_files, review_timeout_s), 3600, 1, 86400},
    {"lease", true, offsetof(struct serve_files, lease_s), 30, 1, 3600},
    {"idle_timeout", true, offsetof(struct serve_files, idle_s), 300, 1, 86400},
    {"slow_client", true, offsetof(struct serve_files, slow_s), 20, 1, 3600},
    {"max_live", false, offsetof(struct serve_files, max_live), 1000000, 1, 100000000},
    {"max_connections", false, offsetof(struct serve_files, max_connections), 0, 1, 1000000},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

static bool read_number(const struct setting *setting, const char *text, int64_t *value)
{
	char *end;
	if (setting->duration)
		return duration_parse(text, value);
	errno = 0;
	*value = strtoll(text, &end, 10);
	return end != text && !*end && !errno;
}

static bool set(struct serve_files *files, const char *key, const char *value)
{
	if (!strcmp(key, "name"))
		return true; /* of the certificate: init's */
	if (!strcmp(key, "listen")) {
		free(files->listen);
		files->listen = strdup(value);
		return files->listen != NULL;
	}
	for (int i = 0; i < SETTINGS; i++) {
		int64_t number;
		if (strcmp(key, settings[i].name) != 0)
			continue;
		if (!read_number(&settings[i], value, &number) || number < settings[i].least ||
		    number > settings[i].most)
			return false;
		memcpy((char *)files + settings[i].into, &number, sizeof number);
		return true;
	}
	return false;
}

static bool load_conf(struct serve_files *files, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char path[4096];
	for (int i = 0; i < SETTINGS; i++)
		memcpy((char *)files + settings[i].into, &settings[i].otherwise,
		       sizeof settings[i].otherwise);
	snprintf(path, sizeof path, "%s/server.conf", files->dir);
	if (read_file(path, MAX_FILE, &text))
		return errno == ENOENT || error_set(error, "%s: %s", path, strerror(errno));
	int number = 0;
	char *rest = text.data, *line;
	while (rest && (line = strsep(&rest, "\n"))) {
		number++;
		char *value = strchr(line, '=');
		line = trim(line);
		if (!*line || *line == '#')
			continue;
		if (!value)
			return error_set(error, "%s:%d: not \"key = value\"", path, number);
		*value++ = '\0';
		if (!set(files, trim(line), trim(value)))
			return error_set(error, "%s:%d: \"%.64s\" is unknown, or its value is not good", path,
					 number, line);
	}
	return true;
}

bool serve_files_load(struct serve_files *files, const char *dir, char **error)
{
	memset(files, 0, sizeof *files);
	files->dir = realpath(dir, NULL);
	if (!files->dir)
		return error_set(error, "%s: %s", dir, strerror(errno));
	return load_conf(files, error) && load_permit_key(files, error) &&
	       read_in(files->dir, "server.pem", &files->cert, error) &&
	       read_in(files->dir, "server.key", &files->key, error);
}

void serve_files_finish(struct serve_files *files)
{
	free(files->dir);
	free(files->listen);
	buf_finish(&files->cert);
	buf_wipe(&files->key);
	signing_key_free(files->permit_key);
}
