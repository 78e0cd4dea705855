/* conf.c: whosh.conf(5), and which of file and environment wins.
 *
 * The order is fixed here and nowhere else: the system file alone when it exists; else the file WHOSH_CONFIG
 * names, with the single variables over it; else the variables; then defaults.  Values are checked as they
 * are read, so that the programs never meet a malformed one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/conf.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 64 * 1024 };

enum form { FORM_TEXT, FORM_URL, FORM_PATH, FORM_KEY, FORM_DURATION, FORM_LAPSE };

static const struct setting {
	const char *name;
	const char *variable; /* read where there is no system file */
	const char *otherwise;
	enum form form;
} settings[CONF_KEYS] = {
    [CONF_APPROVER] = {"approver", "WHOSH_APPROVER_URL", NULL, FORM_URL},
    [CONF_CA] = {"ca", "WHOSH_APPROVER_CA", NULL, FORM_PATH},
    [CONF_APPROVER_KEY] = {"approver_key", "WHOSH_APPROVER_KEY", NULL, FORM_KEY},
    [CONF_TOKEN_FILE] = {"token_file", "WHOSH_TOKEN_FILE", NULL, FORM_PATH},
    [CONF_INTERPRETER] = {"interpreter", NULL, "/bin/bash", FORM_PATH},
    [CONF_BROKER_SOCKET] = {"broker_socket", NULL, "/run/whosh/broker.sock", FORM_PATH},
    [CONF_CREDENTIALS] = {"credentials", NULL, WHOSH_SYSCONFDIR "/credentials", FORM_PATH},
    [CONF_SPOOL] = {"spool", NULL, NULL, FORM_PATH},
    [CONF_KEEP_ENV] = {"keep_env", NULL, NULL, FORM_TEXT},
    [CONF_REVIEW_TIMEOUT] = {"review_timeout", NULL, "10m", FORM_DURATION},
    [CONF_LEASE] = {"lease", NULL, "30s", FORM_DURATION},
    [CONF_ON_LEASE_LAPSE] = {"on_lease_lapse", NULL, "kill", FORM_LAPSE},
};

const char *conf_key_name(enum conf_key key)
{
	return settings[key].name;
}

__attribute__((format(printf, 2, 3))) static int refuse(char **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (vasprintf(error, format, args) < 0)
		*error = NULL;
	va_end(args);
	return -1;
}

/* "dir/x" beside the file; absolute as it is. */
static char *resolve(const char *file, const char *value)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *path;
	if (*value == '/' || !slash)
		return strdup(value);
	return asprintf(&path, "%.*s%s", (int)(slash + 1 - file), file, value) < 0 ? NULL : path;
}

static bool key_text(const char *value)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	return strlen(value) == 43 && base64url_decode(&bytes, value, 43) && bytes.len == 32;
}

/* A key given as itself, or as the path of a file that holds it. */
static char *read_key(const char *file, const char *value)
{
	if (key_text(value))
		return strdup(value);
	char *path = resolve(file, value);
	struct buf text BUF_AUTO = BUF_INIT;
	int failed = !path || read_file(path, 256, &text);
	free(path);
	if (failed)
		return NULL;
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
		text.data[--text.len] = '\0';
	return text.data && key_text(text.data) ? buf_take(&text) : NULL;
}

static int put(struct conf *conf, enum conf_key key, const char *value, const char *file, const char *source,
	       char **error)
{
	int64_t seconds;
	char *kept = NULL;
	switch (settings[key].form) {
	case FORM_URL:
		if (strncmp(value, "https://", 8) || !value[8] || strpbrk(value, " \t\"\\@?#"))
			return refuse(error, "%s: %s must be https://HOST:PORT", source, settings[key].name);
		break;
	case FORM_DURATION:
		if (!duration_parse(value, &seconds) || seconds < 1)
			return refuse(error, "%s: %s must be a duration such as 90s, 10m or 1h", source,
				      settings[key].name);
		break;
	case FORM_LAPSE:
		if (strcmp(value, "kill") && strcmp(value, "finish"))
			return refuse(error, "%s: %s must be kill or finish", source, settings[key].name);
		break;
	case FORM_PATH:
		if (!*value)
			return refuse(error, "%s: %s must be a path", source, settings[key].name);
		kept = resolve(file, value);
		break;
	case FORM_KEY:
		kept = read_key(file, value);
		if (!kept)
			return refuse(error,
				      "%s: %s must be 43 characters of base64url, or a file that holds them",
				      source, settings[key].name);
		break;
	case FORM_TEXT:
		break;
	}
	if (!kept)
		kept = strdup(value);
	if (!kept)
		return refuse(error, "out of memory");
	free(conf->value[key]);
	conf->value[key] = kept;
	conf->source[key] = source;
	return 0;
}

/* Cut blanks at both ends of a line, in place. */
static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int put_line(struct conf *conf, char *line, int number, char **error)
{
	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	char *equals = strchr(line, '=');
	if (!equals)
		return refuse(error, "%s:%d: not a line of the form key = value", conf->file, number);
	*equals = '\0';
	const char *name = trim(line), *value = trim(equals + 1);
	for (int key = 0; key < CONF_KEYS; key++) {
		if (strcmp(name, settings[key].name))
			continue;
		if (conf->value[key])
			return refuse(error, "%s:%d: %s is set twice", conf->file, number,
				      settings[key].name);
		char *why = NULL;
		if (!put(conf, (enum conf_key)key, value, conf->file, conf->file, &why))
			return 0;
		int result = refuse(error, "%s (line %d)", why ? why : "out of memory", number);
		free(why);
		return result;
	}
	return refuse(error, "%s:%d: unknown key", conf->file, number);
}

/* 0 read; 1 there is no such file; -1 error. */
static int read_settings(struct conf *conf, const char *path, char **error)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (fd < 0)
		return refuse(error, "%s: %s", path, strerror(errno));
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return refuse(error, "%s: not a regular file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(error, "%s: owned by neither root nor this account", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(error, "%s: others may write to it (chmod go-w)", path);
	struct buf text BUF_AUTO = BUF_INIT;
	if (read_all(fd, MAX_FILE, &text))
		return refuse(error, "%s: %s", path, errno == EFBIG ? "larger than 64 KiB" : strerror(errno));
	conf->file = strdup(path);
	if (!conf->file)
		return refuse(error, "out of memory");
	if (text.len && memchr(text.data, '\0', text.len))
		return refuse(error, "%s: holds a NUL byte", path);
	int number = 0;
	for (char *line = text.data, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (put_line(conf, line, ++number, error))
			return -1;
	}
	return 0;
}

static int read_environment(struct conf *conf, char **error)
{
	const char *path = getenv("WHOSH_CONFIG");
	if (path && *path) {
		int found = read_settings(conf, path, error);
		if (found == 1)
			return refuse(error, "WHOSH_CONFIG: %s does not exist", path);
		if (found)
			return found;
	}
	for (int key = 0; key < CONF_KEYS; key++) {
		const char *value = settings[key].variable ? getenv(settings[key].variable) : NULL;
		if (value && *value &&
		    put(conf, (enum conf_key)key, value, NULL, settings[key].variable, error))
			return -1;
	}
	return 0;
}

static int load(struct conf *conf, const char *path, char **error)
{
	if (path) {
		int found = read_settings(conf, path, error);
		if (found == 1)
			return refuse(error, "%s: no such file", path);
		if (found)
			return found;
	} else {
		int found = read_settings(conf, WHOSH_SYSCONFDIR "/whosh.conf", error);
		if (found < 0)
			return found;
		conf->system = found == 0;
		if (!conf->system && read_environment(conf, error))
			return -1;
	}
	for (int key = 0; key < CONF_KEYS; key++)
		if (!conf->value[key] && settings[key].otherwise &&
		    put(conf, (enum conf_key)key, settings[key].otherwise, NULL, "default", error))
			return -1;
	return 0;
}

int conf_load(struct conf *conf, const char *path, char **error)
{
	*conf = (struct conf){0};
	*error = NULL;
	if (!load(conf, path, error))
		return 0;
	conf_finish(conf);
	return -1;
}

void conf_finish(struct conf *conf)
{
	for (int key = 0; key < CONF_KEYS; key++)
		free(conf->value[key]);
	free(conf->file);
	*conf = (struct conf){0};
}
