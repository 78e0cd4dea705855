/* secrets.c: the key and the patterns in force.
 *
 * A reload while other threads mask: the former patterns are kept until the end, a few kilobytes each time.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/masking.h"
#include "common/io.h"
#include "common/log.h"
#include "common/secure.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DOCUMENT = 256 * 1024 };

struct kept {
	struct kept *next;
	struct own_patterns *own;
};

struct secrets {
	unsigned char key[MASK_KEY_BYTES];
	char *dir; /* NULL: nothing to reload from */
	pthread_mutex_t lock;
	struct kept *kept; /* all that were ever in force */
	_Atomic(struct own_patterns *) own;
};

const unsigned char *secrets_key(const struct secrets *secrets)
{
	return secrets->key;
}

const struct own_patterns *secrets_patterns(const struct secrets *secrets)
{
	return secrets->own;
}

size_t secrets_own(const struct secrets *secrets)
{
	return own_patterns_count(secrets->own);
}

/* ── the key ───────────────────────────────────────────────────────────────────────────────────────────── */

static bool refuse(const char *path, const char *why)
{
	log_line(LOG_LEVEL_ERROR, "the key for masking secrets cannot be used", "file", path, "error", why,
		 NULL);
	return false;
}

static bool make_key(const char *path)
{
	unsigned char key[MASK_KEY_BYTES];
	secure_random(key, sizeof key);
	int failed = write_file_durable(path, key, sizeof key, 0600);
	secure_wipe(key, sizeof key);
	return !failed || refuse(path, strerror(errno));
}

static bool read_key(struct secrets *secrets, const char *path)
{
	struct stat st;
	int fd FD_AUTO = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		if (!make_key(path))
			return false;
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0 || fstat(fd, &st))
		return refuse(path, strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) || st.st_mode & 077)
		return refuse(path, "it must be a file of the approver's user that nobody else can read");
	if (st.st_size != MASK_KEY_BYTES || read(fd, secrets->key, MASK_KEY_BYTES) != MASK_KEY_BYTES)
		return refuse(path, "it must be 32 bytes");
	return true;
}

/* ── the patterns ──────────────────────────────────────────────────────────────────────────────────────── */

/* Bring them into force; takes them over.  false: out of memory. */
static bool put_in_force(struct secrets *secrets, struct own_patterns *own)
{
	struct kept *kept = own ? malloc(sizeof *kept) : NULL;
	if (own && !kept) {
		own_patterns_free(own);
		return false;
	}
	pthread_mutex_lock(&secrets->lock);
	if (kept) {
		*kept = (struct kept){secrets->kept, own};
		secrets->kept = kept;
	}
	secrets->own = own;
	pthread_mutex_unlock(&secrets->lock);
	return true;
}

static bool load_patterns(struct secrets *secrets)
{
	char path[4096], count[24], *error = NULL;
	struct buf text BUF_AUTO = BUF_INIT;
	snprintf(path, sizeof path, "%s/secrets.json", secrets->dir);
	const char *why = read_regular(path, MAX_DOCUMENT, &text);
	if (why && errno == ENOENT)
		return put_in_force(secrets, NULL);
	struct own_patterns *own =
	    why ? NULL : own_patterns_parse(text.data ? text.data : "", text.len, &error);
	if (!own) {
		log_line(LOG_LEVEL_ERROR, "patterns of secrets refused", "file", path, "error",
			 why     ? why
			 : error ? error
				 : "out of memory",
			 NULL);
		free(error);
		return false;
	}
	snprintf(count, sizeof count, "%zu", own_patterns_count(own));
	log_line(LOG_LEVEL_INFO, "patterns of secrets loaded", "file", path, "patterns", count, NULL);
	return put_in_force(secrets, own);
}

void secrets_reload(struct secrets *secrets)
{
	if (secrets->dir && !load_patterns(secrets))
		log_line(LOG_LEVEL_WARNING, "the patterns of secrets in force stay", NULL);
}

/* ── life ──────────────────────────────────────────────────────────────────────────────────────────────── */

struct secrets *secrets_with_key(const unsigned char key[MASK_KEY_BYTES])
{
	struct secrets *secrets = calloc(1, sizeof *secrets);
	if (!secrets)
		return NULL;
	memcpy(secrets->key, key, MASK_KEY_BYTES);
	pthread_mutex_init(&secrets->lock, NULL);
	return secrets;
}

struct secrets *secrets_open(const char *dir)
{
	static const unsigned char none[MASK_KEY_BYTES];
	char path[4096];
	struct secrets *secrets = secrets_with_key(none);
	if (!secrets)
		return NULL;
	snprintf(path, sizeof path, "%s/mask.key", dir);
	secrets->dir = strdup(dir);
	if (secrets->dir && read_key(secrets, path) && load_patterns(secrets))
		return secrets;
	secrets_free(secrets);
	return NULL;
}

void secrets_free(struct secrets *secrets)
{
	if (!secrets)
		return;
	while (secrets->kept) {
		struct kept *kept = secrets->kept;
		secrets->kept = kept->next;
		own_patterns_free(kept->own);
		free(kept);
	}
	pthread_mutex_destroy(&secrets->lock);
	secure_wipe(secrets->key, sizeof secrets->key);
	free(secrets->dir);
	free(secrets);
}
