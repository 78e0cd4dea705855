/* conf.c: whosh.conf(5), and which of file and environment wins.
 *
 * The order is fixed here and nowhere else: the system file alone when it exists; else the file WHOSH_CONFIG
 * names, with the single variables over it; else the variables; then defaults.  Values are checked as they
 * are read, so that the programs never meet a malformed one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/conf.h"
#include "common/conf_value.h"
#include "common/error.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 64 * 1024 };

static const struct setting {
	const char *name;
	const char *variable; /* read where there is no system file */
	const char *otherwise;
	enum conf_form form;
} settings[CONF_KEYS] = {
    [CONF_APPROVER] = {"approver", "WHOSH_APPROVER_URL", NULL, FORM_URL},
    [CONF_CA] = {"ca", "WHOSH_APPROVER_CA", NULL, FORM_PATH},
    [CONF_APPROVER_KEY] = {"approver_key", "WHOSH_APPROVER_KEY", NULL, FORM_KEY},
    [CONF_TOKEN_FILE] = {"token_file", "WHOSH_TOKEN_FILE", NULL, FORM_PATH},
    [CONF_INTERPRETER] = {"interpreter", NULL, "/bin/bash", FORM_PATH},
    [CONF_BROKER_SOCKET] = {"broker_socket", NULL, "/run/whosh/broker.sock", FORM_PATH},
    [CONF_CREDENTIALS] = {"credentials", NULL, WHOSH_SYSCONFDIR "/credentials", FORM_PATH},
    [CONF_SPOOL] = {"spool", NULL, NULL, FORM_PATH},
    [CONF_HISTORY] = {"history", NULL, NULL, FORM_PATH},
    [CONF_KEEP_ENV] = {"keep_env", NULL, NULL, FORM_NAMES},
    [CONF_REVIEW_TIMEOUT] = {"review_timeout", NULL, "10m", FORM_DURATION},
    [CONF_LEASE] = {"lease", NULL, "30s", FORM_DURATION},
    [CONF_ON_LEASE_LAPSE] = {"on_lease_lapse", NULL, "kill", FORM_LAPSE},
};

const char *conf_key_name(enum conf_key key)
{
	return settings[key].name;
}

static bool put(struct conf *conf, enum conf_key key, const char *value, const char *file, const char *source,
		char **error)
{
	const char *why;
	char *kept = conf_value(settings[key].form, value, file, conf->owner, &why);
	if (!kept)
		return error_set(error, "%s: %s %s", source, settings[key].name, why);
	free(conf->value[key]);
	conf->value[key] = kept;
	conf->source[key] = source;
	return true;
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

static bool put_line(struct conf *conf, char *line, int number, char **error)
{
	line = trim(line);
	if (!*line || *line == '#')
		return true;
	char *equals = strchr(line, '=');
	if (!equals)
		return error_set(error, "%s:%d: not a line of the form key = value", conf->file, number);
	*equals = '\0';
	const char *name = trim(line), *value = trim(equals + 1);
	for (int key = 0; key < CONF_KEYS; key++) {
		if (strcmp(name, settings[key].name))
			continue;
		if (conf->value[key])
			return error_set(error, "%s:%d: %s is set twice", conf->file, number,
					 settings[key].name);
		char *why = NULL;
		bool good = put(conf, (enum conf_key)key, value, conf->file, conf->file, &why);
		if (!good)
			error_set(error, "%s (line %d)", why ? why : "out of memory", number);
		free(why);
		return good;
	}
	return error_set(error, "%s:%d: unknown key", conf->file, number);
}

/* True also when there is no such file: *missing tells. */
static bool read_settings(struct conf *conf, const char *path, bool *missing, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const char *why = read_trusted(path, conf->owner, MAX_FILE, &text, missing);
	if (*missing)
		return true;
	if (why)
		return error_set(error, "%s: %s", path, why);
	conf->file = absolute_path(path);
	if (!conf->file)
		return error_set(error, "out of memory");
	int number = 0;
	for (char *line = text.data, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!put_line(conf, line, ++number, error))
			return false;
	}
	return true;
}

static bool read_environment(struct conf *conf, char **error)
{
	const char *path = getenv("WHOSH_CONFIG");
	bool missing = false;
	if (path && *path && !read_settings(conf, path, &missing, error))
		return false;
	if (missing)
		return error_set(error, "WHOSH_CONFIG: %s does not exist", path);
	for (int key = 0; key < CONF_KEYS; key++) {
		const char *value = settings[key].variable ? getenv(settings[key].variable) : NULL;
		if (value && *value &&
		    !put(conf, (enum conf_key)key, value, NULL, settings[key].variable, error))
			return false;
	}
	return true;
}

static bool read_system(struct conf *conf, char **error)
{
	bool missing;
	if (!read_settings(conf, WHOSH_SYSCONFDIR "/whosh.conf", &missing, error))
		return false;
	conf->system = !missing;
	return conf->system || read_environment(conf, error);
}

static bool read_named(struct conf *conf, const char *path, char **error)
{
	bool missing;
	if (!read_settings(conf, path, &missing, error))
		return false;
	return !missing || error_set(error, "%s: no such file", path);
}

static bool load(struct conf *conf, const char *path, char **error)
{
	if (path ? !read_named(conf, path, error) : !read_system(conf, error))
		return false;
	for (int key = 0; key < CONF_KEYS; key++)
		if (!conf->value[key] && settings[key].otherwise &&
		    !put(conf, (enum conf_key)key, settings[key].otherwise, NULL, "default", error))
			return false;
	return true;
}

int conf_load(struct conf *conf, const char *path, char **error)
{
	return conf_load_of(conf, path, geteuid(), error);
}

int conf_load_of(struct conf *conf, const char *path, uid_t owner, char **error)
{
	*conf = (struct conf){.owner = owner};
	*error = NULL;
	if (load(conf, path, error))
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
