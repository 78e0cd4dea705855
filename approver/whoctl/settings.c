/* settings.c: which approver, and as whom.
 *
 * Options win over the environment, and both over the state directory; single values (--url, --ca,
 * --token-file) win over what the directory says.  With --dir on the command line the environment is not
 * asked at all, so that
 * "--dir X" always means X.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "common/conf.h"
#include "common/conf_value.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DIR "/var/lib/whosh"
#define TOKEN_MAX 4096

/* Why a file with these properties is not to be trusted with a token; NULL when it is. */
static const char *token_file_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	if (st->st_nlink != 1)
		return "it has more than one name (hard link)";
	/* root reads the files of the account that the approver runs as */
	if (st->st_uid != geteuid() && st->st_uid != 0 && geteuid() != 0)
		return "it belongs to someone else";
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return "others can read or write it (chmod 0400)";
	if (st->st_size > TOKEN_MAX)
		return "it is too large";
	return NULL;
}

int operator_token_load(const char *path, struct buf *token)
{
	FD_AUTO int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return complain(EXIT_IDENTITY, "token file %s refused: it is a symbolic link", path);
	if (fd < 0)
		return complain(errno == EACCES ? EXIT_IDENTITY : EXIT_FAILED, "token file %s: %s", path,
				strerror(errno));
	struct stat st;
	if (fstat(fd, &st) != 0)
		return complain(EXIT_FAILED, "token file %s: %s", path, strerror(errno));
	const char *fault = token_file_fault(&st);
	if (fault)
		return complain(EXIT_IDENTITY, "token file %s refused: %s", path, fault);
	if (!buf_reserve(token, TOKEN_MAX + 1) || read_all(fd, TOKEN_MAX, token) != 0)
		return complain(EXIT_FAILED, "token file %s: %s", path, strerror(errno));

	while (token->len && (token->data[token->len - 1] == '\n' || token->data[token->len - 1] == '\r'))
		token->data[--token->len] = 0;
	bool printable = token->len > 0;
	for (size_t i = 0; i < token->len; i++)
		printable = printable && token->data[i] > ' ' && token->data[i] < 0x7f;
	return printable ? 0
			 : complain(EXIT_IDENTITY, "token file %s refused: it does not hold a token", path);
}

static char *joined(const char *dir, const char *name)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/%s", dir, name);
	return buf_take(&path);
}

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* The first of: an option, the environment (unless --dir is given). */
static const char *stated(const struct ctl *ctl, enum option option, const char *variable)
{
	if (ctl->option[option])
		return ctl->option[option];
	return ctl->option[OPT_DIR] ? NULL : from_environment(variable);
}

/* root reads the directory of the account that the approver runs as. */
static uid_t owner_of(const char *dir)
{
	struct stat st;
	return geteuid() == 0 && stat(dir, &st) == 0 ? st.st_uid : geteuid();
}

void settings_take(struct settings *settings, const struct conf *conf)
{
	const char *url = conf->value[CONF_APPROVER], *ca = conf->value[CONF_CA];
	if (!settings->url && url)
		settings->url = strdup(url);
	if (!settings->ca && ca)
		settings->ca = strdup(ca);
}

/* Fill what is still open from the state directory. */
static int load_dir(const char *dir, struct settings *settings, bool tokenless, char **token_file)
{
	if (!settings->url || !settings->ca) {
		char *path = joined(dir, "client.conf"), *error = NULL;
		struct conf conf;
		int loaded = path ? conf_load_of(&conf, path, owner_of(dir), &error) : -1;
		free(path);
		if (loaded != 0) {
			complain(EXIT_FAILED, "%s", error ? error : "out of memory");
			free(error);
			return EXIT_FAILED;
		}
		settings_take(settings, &conf);
		conf_finish(&conf);
	}
	if (!*token_file && !tokenless)
		*token_file = joined(dir, "admin.token");
	return 0;
}

static int check_url(struct settings *settings)
{
	if (!approver_url(settings->url))
		return complain(EXIT_USAGE_ERROR, "%s is no address of an approver: https://HOST:PORT",
				settings->url);
	size_t len = strlen(settings->url);
	while (len > 8 && settings->url[len - 1] == '/')
		settings->url[--len] = 0;
	return 0;
}

int settings_load(const struct ctl *ctl, struct settings *settings)
{
	*settings = (struct settings){0};
	const char *url = stated(ctl, OPT_URL, "WHOCTL_URL"), *ca = stated(ctl, OPT_CA, "WHOCTL_CA");
	const char *token = stated(ctl, OPT_TOKEN_FILE, "WHOCTL_TOKEN_FILE"),
		   *dir = stated(ctl, OPT_DIR, "WHOCTL_DIR");
	settings->url = url ? strdup(url) : NULL;
	settings->ca = ca ? strdup(ca) : NULL;
	char *token_file = token && !ctl->tokenless ? strdup(token) : NULL;
	/* As nobody: what serves a shell serves here too. */
	bool nobody = ctl->verb && ctl->verb->anonymous;
	if (!dir && !nobody && !(url && ca && (token || ctl->tokenless)) && access(DEFAULT_DIR, F_OK) == 0)
		dir = DEFAULT_DIR;

	int status = dir ? load_dir(dir, settings, ctl->tokenless, &token_file) : 0;
	if (status == 0 && nobody && !dir && (!settings->url || !settings->ca))
		status = settings_of_shell(settings);
	if (status == 0 && (!settings->url || !settings->ca || !(token_file || ctl->tokenless)))
		status = complain(EXIT_USAGE_ERROR,
				  "which approver? give --dir DIR, or --url, --token-file and --ca "
				  "(WHOCTL_DIR; WHOCTL_URL, WHOCTL_TOKEN_FILE, WHOCTL_CA)");
	if (status == 0)
		status = check_url(settings);
	if (status == 0 && token_file)
		status = operator_token_load(token_file, &settings->token);
	free(token_file);
	if (status != 0)
		settings_finish(settings);
	return status;
}

void settings_finish(struct settings *settings)
{
	free(settings->url);
	free(settings->ca);
	buf_wipe(&settings->token);
	*settings = (struct settings){0};
}
