/* credential.c: the token that a user's commands are signed with.
 *
 * A rotated credential is a replaced file: each use costs one stat, and only a change of inode, size or time
 * is read again; of a projected volume, of the file that its links lead to.  If the new file is bad, or not
 * valid yet, the old key is not used in its place: what the operator put there counts.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/credential.h"
#include "common/error.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a token is to be found. */
struct place {
	char *path, *source;
	enum token_place kind;
};

static void place_finish(struct place *place)
{
	free(place->path);
	free(place->source);
}

__attribute__((format(printf, 5, 6))) static bool put(struct place *place, enum token_place kind,
						      const char *folder, const char *name,
						      const char *source, ...)
{
	va_list args;
	va_start(args, source);
	place->kind = kind;
	if (asprintf(&place->path, "%s%s%s", folder, *name ? "/" : "", name) < 0)
		place->path = NULL;
	if (vasprintf(&place->source, source, args) < 0)
		place->source = NULL;
	va_end(args);
	return place->path && place->source;
}

static bool systemd_place(const struct credentials *all, const char *name, struct place *place, char **error)
{
	if (all->directory[0] != '/')
		return error_set(error, "CREDENTIALS_DIRECTORY is not an absolute path");
	return put(place, TOKEN_SYSTEMD, all->directory, name, "systemd's credential %s", name);
}

static bool private_place(const struct credentials *all, struct place *place, char **error)
{
	const char *path = all->conf->value[CONF_TOKEN_FILE];
	if (path)
		return put(place, TOKEN_FILE, path, "", "from %s", all->conf->source[CONF_TOKEN_FILE]);
	if (all->directory)
		return systemd_place(all, "whosh-token", place, error);
	return error_set(error, "no token file is configured (token_file, WHOSH_TOKEN_FILE, or systemd's "
				"credential whosh-token)");
}

static bool system_place(const struct credentials *all, const char *user, struct place *place, char **error)
{
	const struct conf *conf = all->conf;
	struct stat st;
	char name[LOGIN_NAME_MAX + 8];
	int len = snprintf(name, sizeof name, "%s.json", user);
	if (user[0] == '.' || strchr(user, '/') || len < 0 || (size_t)len >= sizeof name)
		return error_set(error, "the user name cannot name a credential file");
	if (all->directory && !strcmp(conf->source[CONF_CREDENTIALS], "default")) {
		if (!systemd_place(all, name, place, error))
			return false;
		if (!lstat(place->path, &st) || errno != ENOENT)
			return true;
		place_finish(place);
	}
	return put(place, TOKEN_FILE, conf->value[CONF_CREDENTIALS], name, "in credentials, from %s",
		   conf->source[CONF_CREDENTIALS]);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_nlink == b->st_nlink &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void forget(struct credential **at)
{
	struct credential *old = *at;
	*at = old->next;
	old->next = NULL;
	credential_drop(old);
}

static struct credential *load(struct place *place, const struct stat *seen, char **error)
{
	struct credential *credential = calloc(1, sizeof *credential);
	if (!credential)
		return NULL;
	credential->token = token_load_from(place->path, place->kind, error);
	credential->path = place->path;
	credential->source = place->source;
	*place = (struct place){0};
	credential->seen = *seen;
	credential->uses = 1;
	if (credential->token && credential->path)
		return credential;
	credential_drop(credential);
	return NULL;
}

struct credential *credential_take(struct credentials *all, const char *user, char **error)
{
	*error = NULL;
	struct place place __attribute__((cleanup(place_finish))) = {0};
	if (!(all->private ? private_place(all, &place, error) : system_place(all, user, &place, error)))
		return NULL;
	const char *path = place.path;
	struct credential *found = NULL, **at = &all->first;
	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	struct stat now;
	bool there = token_file_stat(path, &now) == 0;
	if (!there && !all->private && errno == ENOENT)
		error_set(error, "no credential for user %s on this host (%s)", user, path);
	else if (!there)
		error_set(error, "the token file %s: %s", path, strerror(errno));
	if (*at && there && same_file(&(*at)->seen, &now))
		found = *at;
	else if (*at)
		forget(at);
	if (!found && there) {
		found = load(&place, &now, error);
		if (found) {
			found->next = all->first;
			all->first = found;
		}
	}
	return found ? credential_share(found) : NULL;
}

struct credential *credential_share(struct credential *credential)
{
	credential->uses++;
	return credential;
}

void credential_drop(struct credential *credential)
{
	if (!credential || --credential->uses > 0)
		return;
	token_free(credential->token);
	free(credential->path);
	free(credential->source);
	free(credential);
}

void credentials_finish(struct credentials *all)
{
	while (all->first)
		forget(&all->first);
}
