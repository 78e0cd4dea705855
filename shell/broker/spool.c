/* spool.c: outcomes that wait on disk.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/spool.h"
#include "common/io.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/log.h"
#include "common/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 8192, MOST = 100000 };

static const char ending[] = ".jws";

static char *file_path(const char *folder, const char *id, const char *suffix)
{
	char *path;
	return asprintf(&path, "%s/%s%s%s", folder, id, ending, suffix) < 0 ? NULL : path;
}

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		int made = mkdir(path, 0700);
		*slash = '/';
		if (made < 0 && errno != EEXIST)
			return -1;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

int spool_prepare(const char *folder)
{
	struct stat info;
	if (stat(folder, &info) < 0) {
		char *path = strdup(folder);
		int made = path ? make_folders(path) : -1;
		free(path);
		if (made < 0 || stat(folder, &info) < 0)
			return -1;
	}
	if (!S_ISDIR(info.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & 022)) {
		errno = EPERM;
		return -1;
	}
	return access(folder, W_OK | X_OK);
}

int spool_write(const char *folder, const char *id, const struct buf *jws)
{
	char *path = file_path(folder, id, "");
	if (!path)
		return -1;
	int result = write_file_durable(path, jws->data, jws->len, 0600);
	int saved = errno;
	free(path);
	errno = saved;
	return result;
}

void spool_remove(const char *folder, const char *id)
{
	char *path = file_path(folder, id, "");
	if (path && unlink(path) < 0 && errno != ENOENT)
		log_line(LOG_LEVEL_WARNING, "cannot remove a delivered outcome", "file", path, "error",
			 strerrorname_np(errno), NULL);
	free(path);
}

void spool_set_aside(const char *folder, const char *id, const char *suffix)
{
	char *path = file_path(folder, id, ""), *aside = file_path(folder, id, suffix);
	if (path && aside && rename(path, aside) < 0 && errno != ENOENT)
		log_line(LOG_LEVEL_WARNING, "cannot set an outcome aside", "file", path, "error",
			 strerrorname_np(errno), NULL);
	free(path);
	free(aside);
}

/* The ID in the name of a spool file; false when it is another file. */
static bool name_id(const char *name, char id[UUID_LEN + 1])
{
	if (strlen(name) != UUID_LEN + sizeof ending - 1 || strcmp(name + UUID_LEN, ending) != 0)
		return false;
	memcpy(id, name, UUID_LEN);
	id[UUID_LEN] = 0;
	return uuid_valid(id);
}

/* Does the JWS hold an outcome with that ID?  *command receives the ID of its command. */
static const char *examine(const struct buf *jws, const char *id, char command[UUID_LEN + 1])
{
	struct buf payload BUF_AUTO = BUF_INIT;
	if (!jws->len || !jws_open(jws->data, jws->len, JWS_OUTCOME, &payload) || payload.failed)
		return "it does not hold a signed outcome";
	cJSON *claims JSON_AUTO = json_parse(payload.data, payload.len, NULL);
	const char *jti = claims ? json_string(claims, "jti") : NULL;
	const char *about = claims ? json_string(claims, "command") : NULL;
	if (!jti || strcmp(jti, id) != 0)
		return "its name is not the outcome's";
	if (!about || !uuid_valid(about))
		return "it names no command";
	memcpy(command, about, UUID_LEN + 1);
	return NULL;
}

static void look_at(const char *folder, const char *id, spool_fn *fn, void *arg)
{
	struct buf jws BUF_AUTO = BUF_INIT;
	char command[UUID_LEN + 1];
	char *path = file_path(folder, id, "");
	if (!path)
		return;
	const char *wrong = NULL;
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		free(path);
		return;
	}
	if (fd < 0 || read_all(fd, LARGEST, &jws) < 0)
		wrong = strerrorname_np(errno);
	else
		wrong = examine(&jws, id, command);
	if (wrong) {
		log_line(LOG_LEVEL_WARNING, "an outcome in the spool is set aside", "file", path, "reason",
			 wrong, NULL);
		spool_set_aside(folder, id, ".corrupt");
	} else {
		fn(arg, id, command, &jws);
	}
	free(path);
}

static int only_outcomes(const struct dirent *entry)
{
	char id[UUID_LEN + 1];
	return name_id(entry->d_name, id);
}

void spool_each(const char *folder, spool_fn *fn, void *arg)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, only_outcomes, alphasort);
	if (count < 0 && errno != ENOENT)
		log_line(LOG_LEVEL_ERROR, "cannot read the spool", "folder", folder, "error",
			 strerrorname_np(errno), NULL);
	for (int i = 0; i < count; i++) {
		char id[UUID_LEN + 1];
		if (i < MOST && name_id(names[i]->d_name, id))
			look_at(folder, id, fn, arg);
		free(names[i]);
	}
	free(names);
}
