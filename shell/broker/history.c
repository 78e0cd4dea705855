/* history.c: what was typed at prompts.
 *
 * A file holds one line of text for each line that was typed, newest last, in which a line break is written
 * as \n and a backslash as \\; all else is as it was typed.  Lines are appended.  What a crash or a full disk
 * has left of one is dropped, never completed: half a line that is recalled and run could do what the whole
 * one did not.
 *
 * The file's name is a hash of the account's and the agent's, since those may hold anything.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/history.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/jws.h"
#include "common/log.h"
#include "common/wire.h"
#include "shell/broker/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WARN_MS = 60000 };

struct history {
	char *folder;
	int64_t warned;
};

/* A record as it is in the file, without its line break. */
struct record {
	const char *text;
	size_t len;
};

static void trouble(struct history *history, const char *what)
{
	int saved = errno;
	int64_t now = clock_mono_ms();
	if (history->warned && now - history->warned < WARN_MS)
		return;
	history->warned = now;
	log_line(LOG_LEVEL_WARNING, what, "folder", history->folder, "error", strerrorname_np(saved), NULL);
}

static char *path_of(const struct history *history, const char *user, const char *agent)
{
	struct buf names BUF_AUTO = BUF_INIT;
	char hash[S256_LEN + 1], *path;
	buf_add(&names, user, strlen(user) + 1);
	buf_adds(&names, agent);
	if (names.failed)
		return NULL;
	s256(names.data, names.len, hash);
	return asprintf(&path, "%s/%s.lines", history->folder, hash) < 0 ? NULL : path;
}

/* A file of ours that nobody else can open; -1 with errno. */
static int open_ours(const char *path, int flags, struct stat *about)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -1;
	if (fstat(fd, about) == 0 && S_ISREG(about->st_mode) && about->st_nlink == 1 &&
	    about->st_uid == geteuid() && !(about->st_mode & 077))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* ── records ── */

static void encode(struct buf *out, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\n')
			buf_adds(out, "\\n");
		else if (line[i] == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addc(out, line[i]);
}

/* false: it is no record. */
static bool decode(struct buf *out, const struct record *record)
{
	for (size_t i = 0; i < record->len; i++) {
		char byte = record->text[i];
		if (byte == '\\' && ++i < record->len && (record->text[i] == 'n' || record->text[i] == '\\'))
			byte = record->text[i] == 'n' ? '\n' : '\\';
		else if (byte == '\\' || !byte)
			return false;
		buf_addc(out, byte);
	}
	return !out->failed;
}

static bool usable(const struct record *record)
{
	struct buf line BUF_AUTO = BUF_INIT;
	return record->len && decode(&line, record) && line.len <= HISTORY_LONGEST;
}

/* Those of the text that are remembered, newest first; how many.  What follows the last line break is half of
 * one. */
static size_t collect(const struct buf *text, struct record records[HISTORY_LINES])
{
	size_t n = 0, total = 0;
	const char *end = text->len ? memrchr(text->data, '\n', text->len) : NULL;
	while (end && n < HISTORY_LINES) {
		const char *before =
		    end > text->data ? memrchr(text->data, '\n', (size_t)(end - text->data)) : NULL;
		const char *from = before ? before + 1 : text->data;
		struct record record = {from, (size_t)(end - from)};
		bool same =
		    n && records[n - 1].len == record.len && !memcmp(records[n - 1].text, from, record.len);
		end = before;
		if (same || !usable(&record))
			continue;
		total += record.len;
		if (total > HISTORY_BYTES)
			break;
		records[n++] = record;
	}
	return n;
}

/* The end of the file; false with errno. */
static bool read_end(int fd, off_t size, struct buf *text)
{
	off_t from = size > HISTORY_FILE ? size - HISTORY_FILE : 0;
	if (lseek(fd, from, SEEK_SET) < 0 || read_all(fd, HISTORY_FILE + HISTORY_LONGEST * 4, text) < 0)
		return false;
	/* It begins in the middle of a record. */
	const char *first = from && text->len ? memchr(text->data, '\n', text->len) : NULL;
	if (first)
		buf_drop(text, (size_t)(first + 1 - text->data));
	return true;
}

static bool write_anew(const char *path, const struct buf *text)
{
	struct record *records = calloc(HISTORY_LINES, sizeof *records);
	struct buf out BUF_AUTO = BUF_INIT;
	if (!records)
		return false;
	for (size_t n = collect(text, records); n-- > 0;) {
		buf_add(&out, records[n].text, records[n].len);
		buf_addc(&out, '\n');
	}
	free(records);
	return !out.failed && write_file_durable(path, out.data ? out.data : "", out.len, 0600) == 0;
}

/* ── the two ways in ── */

/* Does the file end with this record, and with a whole one at all? */
static void look_at_end(int fd, off_t size, const struct buf *record, bool *same, bool *torn)
{
	size_t len = record->len + 1 < (size_t)size ? record->len + 1 : (size_t)size;
	char *tail = malloc(len + 1);
	*same = *torn = false;
	if (tail && len && pread(fd, tail, len, size - (off_t)len) == (ssize_t)len) {
		*torn = tail[len - 1] != '\n';
		*same = len >= record->len && !memcmp(tail + len - record->len, record->data, record->len) &&
			(len == record->len || tail[0] == '\n');
	}
	free(tail);
}

static bool append(const char *path, const struct buf *record)
{
	struct stat about;
	int fd FD_AUTO = open_ours(path, O_RDWR | O_CREAT | O_APPEND, &about);
	if (fd < 0)
		return false;
	bool same, torn;
	look_at_end(fd, about.st_size, record, &same, &torn);
	if (same && !torn)
		return true;
	if (torn || about.st_size > HISTORY_FILE) {
		struct buf text BUF_AUTO = BUF_INIT;
		if (!read_end(fd, about.st_size, &text) || (!torn && text.failed))
			return false;
		/* Half a record is left out; then comes the new one. */
		if (torn) {
			const char *last = text.len ? memrchr(text.data, '\n', text.len) : NULL;
			text.len = last ? (size_t)(last + 1 - text.data) : 0;
		}
		buf_add(&text, record->data, record->len);
		return !text.failed && write_anew(path, &text);
	}
	if (write_all(fd, record->data, record->len) == 0)
		return true;
	int saved = errno;
	if (ftruncate(fd, about.st_size) < 0)
		saved = errno;
	errno = saved;
	return false;
}

void history_add(struct history *history, const char *user, const char *agent, const char *line, size_t len)
{
	if (!len || len > HISTORY_LONGEST || memchr(line, 0, len))
		return;
	struct buf record BUF_AUTO = BUF_INIT;
	encode(&record, line, len);
	buf_addc(&record, '\n');
	char *path = path_of(history, user, agent);
	errno = ENOMEM;
	if (!path || record.failed || spool_prepare(history->folder) < 0 || !append(path, &record))
		trouble(history, "what was typed at a prompt cannot be kept");
	free(path);
}

void history_fields(struct history *history, const char *user, const char *agent, struct buf *frame)
{
	struct stat about;
	struct buf text BUF_AUTO = BUF_INIT;
	char *path = path_of(history, user, agent);
	struct record *records = calloc(HISTORY_LINES, sizeof *records);
	int fd FD_AUTO = path ? open_ours(path, O_RDONLY, &about) : -1;
	if (fd >= 0 && records && read_end(fd, about.st_size, &text)) {
		for (size_t n = collect(&text, records); n-- > 0;) {
			struct buf line BUF_AUTO = BUF_INIT;
			if (decode(&line, &records[n]))
				wire_add(frame, WIRE_LINE, line.data, line.len);
		}
	} else if (fd >= 0 || errno != ENOENT) {
		trouble(history, "what was typed at prompts cannot be read");
	}
	free(records);
	free(path);
}

/* ── life ── */

struct history *history_new(const char *folder)
{
	struct history *history = calloc(1, sizeof *history);
	if (!history)
		return NULL;
	history->folder = strdup(folder);
	if (history->folder)
		return history;
	free(history);
	return NULL;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	free(history->folder);
	free(history);
}
