/* credential.c: the token that a user's commands are signed with.
 *
 * A rotated credential is a replaced file: each use costs one stat, and only a change of inode, size or time
 * is read again.  If the new file is bad the old key is not used in its place: what the operator put there
 * counts.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/credential.h"
#include "common/error.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the user's token file is; NULL with *error. */
static char *token_path(const struct credentials *all, const char *user, char **error)
{
	if (all->private) {
		const char *path = all->conf->value[CONF_TOKEN_FILE];
		if (path)
			return strdup(path);
		error_set(error, "no token file is configured (token_file, or WHOSH_TOKEN_FILE)");
		return NULL;
	}
	if (user[0] == '.' || strchr(user, '/')) {
		error_set(error, "the user name cannot name a credential file");
		return NULL;
	}
	char *path;
	return asprintf(&path, "%s/%s.json", all->conf->value[CONF_CREDENTIALS], user) < 0 ? NULL : path;
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

static struct credential *load(const char *path, const struct stat *seen, char **error)
{
	struct credential *credential = calloc(1, sizeof *credential);
	if (!credential)
		return NULL;
	credential->token = token_load(path, error);
	credential->path = strdup(path);
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
	char *path = token_path(all, user, error);
	if (!path)
		return NULL;
	struct credential *found = NULL, **at = &all->first;
	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	struct stat now;
	bool there = lstat(path, &now) == 0;
	if (!there && !all->private && errno == ENOENT)
		error_set(error, "no credential for user %s on this host (%s)", user, path);
	else if (!there)
		error_set(error, "the token file %s: %s", path, strerror(errno));
	if (*at && there && same_file(&(*at)->seen, &now))
		found = *at;
	else if (*at)
		forget(at);
	if (!found && there) {
		found = load(path, &now, error);
		if (found) {
			found->next = all->first;
			all->first = found;
		}
	}
	free(path);
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
	free(credential);
}

void credentials_finish(struct credentials *all)
{
	while (all->first)
		forget(&all->first);
}
