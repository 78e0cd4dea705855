/* conf_value.c: see conf_value.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/conf_value.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum { MAX_KEY_FILE = 256 };

char *absolute_path(const char *path)
{
	char *whole, *folder = *path == '/' ? NULL : getcwd(NULL, 0);
	if (!folder)
		return strdup(path);
	if (asprintf(&whole, "%s/%s", folder, path) < 0)
		whole = NULL;
	free(folder);
	return whole;
}

/* "dir/x" in a file is beside the file. */
static char *resolve(const char *file, const char *value)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *path;
	if (*value == '/' || !slash)
		return absolute_path(value);
	return asprintf(&path, "%.*s%s", (int)(slash + 1 - file), file, value) < 0 ? NULL : path;
}

const char *read_trusted(const char *path, uid_t owner, size_t max, struct buf *out, bool *missing)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	*missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (fd < 0)
		return strerror(errno);
	struct stat st;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != owner)
		return "owned by neither root nor this account";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "others may write to it (chmod go-w)";
	if (read_all(fd, max, out))
		return errno == EFBIG ? "too large" : strerror(errno);
	return out->len && memchr(out->data, '\0', out->len) ? "holds a NUL byte" : NULL;
}

static bool is_key(const char *text)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	return strlen(text) == 43 && base64url_decode(&bytes, text, 43) && bytes.len == 32;
}

static char *read_key(const char *file, const char *value, uid_t owner, const char **why)
{
	*why = "must be 43 characters of base64url, or a file that holds them";
	if (!*value || is_key(value))
		return *value ? strdup(value) : NULL;
	char *path = resolve(file, value);
	struct buf text BUF_AUTO = BUF_INIT;
	bool missing = false;
	const char *unread =
	    path ? read_trusted(path, owner, MAX_KEY_FILE, &text, &missing) : "out of memory";
	free(path);
	if (unread) {
		*why = missing ? *why : unread;
		return NULL;
	}
	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	return text.len && is_key(text.data) ? buf_take(&text) : NULL;
}

/* ":PORT" or nothing: what follows, NULL when the port is none. */
static const char *after_port(const char *at)
{
	if (*at != ':')
		return at;
	size_t len = strspn(++at, DIGITS);
	int port = len && len <= 5 ? atoi(at) : 0;
	return port >= 1 && port <= 65535 ? at + len : NULL;
}

bool approver_url(const char *url)
{
	if (strncmp(url, "https://", 8))
		return false;
	const char *host = url + 8;
	bool bracketed = *host == '['; /* an IPv6 address: RFC 3986 section 3.2.2 */
	host += bracketed;
	size_t len = strspn(host, bracketed ? DIGITS "abcdefABCDEF:." : LETTERS DIGITS ".-_");
	if (!len || (bracketed && host[len] != ']'))
		return false;
	const char *at = after_port(host + len + bracketed);
	if (!at || (*at && *at != '/'))
		return false;
	for (; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("\"\\@?#<>", *at))
			return false;
	return true;
}

static bool are_names(const char *names)
{
	for (;;) {
		names += strspn(names, " \t,");
		size_t len = strcspn(names, " \t,");
		if (!len)
			return true;
		if (strchr(DIGITS, *names) || strspn(names, LETTERS DIGITS "_") < len)
			return false;
		names += len;
	}
}

static bool is_path(const char *path)
{
	const unsigned char *at = (const unsigned char *)path;
	while (*at >= ' ' && *at != 0x7f)
		at++;
	return *path && !*at;
}

char *conf_value(enum conf_form form, const char *value, const char *file, uid_t owner, const char **why)
{
	int64_t seconds;
	char *kept = NULL;
	const char *wrong = NULL;
	if (form == FORM_KEY)
		return read_key(file, value, owner, why);
	if (form == FORM_URL && !approver_url(value))
		wrong = "must be https://HOST:PORT";
	if (form == FORM_DURATION && (!duration_parse(value, &seconds) || seconds < 1))
		wrong = "must be a duration such as 90s, 10m or 1h";
	if (form == FORM_LAPSE && strcmp(value, "kill") && strcmp(value, "finish"))
		wrong = "must be kill or finish";
	if (form == FORM_NAMES && !are_names(value))
		wrong = "must be names of variables with blanks between";
	if (form == FORM_PATH && !is_path(value))
		wrong = "must be a path";
	if (!wrong)
		kept = form == FORM_PATH ? resolve(file, value) : strdup(value);
	*why = wrong ? wrong : "out of memory";
	return kept;
}
