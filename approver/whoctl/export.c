/* export.c: `whoctl export`: the audit log for other programs.
 *
 * What comes is written record by record as it comes, and only whole records: when the connection breaks in
 * the middle of one, what was written before is good, and whoctl says after which index to go on.  In every
 * format a record is a line, and the first number in it is its index (approver/export/export.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/progress.h"
#include "common/io.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX (64u << 20) /* no record is that long */

struct export
{
	struct buf record; /* the one whose end has not come yet */
	struct ctl *ctl;
	const char *name; /* of the file; NULL: standard output */
	int fd;           /* -1: not opened yet */
	int64_t records, last, after, size;
	int failed; /* errno of writing */
	bool head;  /* the next line has the names of columns */
	struct progress progress;
};

/* A file that nobody else reads: what agents did is nobody else's business.  Not before there is something to
 * write: a refusal leaves no file, and none truncated. */
static bool open_file(struct export *x)
{
	int flags =
	    O_WRONLY | O_CREAT | O_CLOEXEC | (given(x->ctl, OPT_FORCE) ? O_TRUNC | O_NOFOLLOW : O_EXCL);
	if (x->fd >= 0)
		return true;
	x->fd = open(x->name, flags, 0600);
	if (x->fd < 0)
		x->failed = errno;
	return x->fd >= 0;
}

/* The first number in a line, or `otherwise`. */
static int64_t index_of(const char *line, size_t len, int64_t otherwise)
{
	size_t at = 0;
	while (at < len && !isdigit((unsigned char)line[at]))
		at++;
	return at < len ? strtoll(line + at, NULL, 10) : otherwise;
}

/* Write the whole lines of what came, keep the rest. */
static bool take(const char *bytes, size_t len, void *arg)
{
	struct export *x = arg;
	buf_add(&x->record, bytes, len);
	const char *end = memrchr(bytes, '\n', len);
	if (!end)
		return !x->record.failed && x->record.len < RECORD_MAX;
	size_t whole = x->record.len - (size_t)(bytes + len - end - 1);
	if (x->record.failed || !open_file(x))
		return false;
	if (write_all(x->fd, x->record.data, whole) != 0) {
		x->failed = errno;
		return false;
	}
	for (const char *line = x->record.data, *stop = line + whole; line < stop;) {
		const char *next = (const char *)memchr(line, '\n', (size_t)(stop - line)) + 1;
		if (x->head)
			x->head = false;
		else {
			x->last = index_of(line, (size_t)(next - line), x->last);
			x->records++;
		}
		line = next;
	}
	buf_drop(&x->record, whole);
	if (!x->record.len)
		buf_finish(&x->record);
	progress_tell(&x->progress, x->last + 1, x->size, "log entries");
	return true;
}

static int export_path(struct ctl *ctl, struct buf *path, int64_t *after)
{
	static const char *const formats[] = {"jsonl", "ocsf", "ecs", "otel", "csv"};
	const char *format = ctl->option[OPT_FORMAT] ? ctl->option[OPT_FORMAT] : formats[0];
	const char *index = ctl->option[OPT_AFTER];
	size_t i = 0, n = sizeof formats / sizeof *formats;
	while (i < n && strcmp(format, formats[i]) != 0)
		i++;
	if (i == n)
		return complain_usage(ctl, "--format is jsonl, ocsf, ecs, otel or csv, not \"%s\"", format);
	char *end = NULL;
	errno = 0;
	*after = index ? strtoll(index, &end, 10) : -1;
	if (index && (!isdigit((unsigned char)*index) || *end || errno))
		return complain_usage(ctl, "--after is the index of a record, not \"%s\"", index);
	buf_adds(path, "/v1/audit/export");
	query_add(path, "format", format);
	query_add(path, "after", index);
	query_add(path, "agent", ctl->option[OPT_AGENT]);
	int status = query_add_time(ctl, path, OPT_SINCE, "since");
	return status != 0 ? status : query_add_time(ctl, path, OPT_UNTIL, "until");
}

static int finish(struct export *x, int status)
{
	const char *name = x->name;
	if (status == 0 && !x->failed)
		open_file(x); /* an export of nothing is a file, too */
	if (x->failed == EPIPE)
		return EXIT_FAILED; /* whoever read it has had enough: nothing to say to anybody */
	if (x->failed == EEXIST)
		return complain(EXIT_FAILED, "%s exists; --force replaces it", name);
	if (x->failed)
		status =
		    complain(EXIT_FAILED, "%s: %s", name ? name : "standard output", strerror(x->failed));
	else if (status == 0 && (x->record.failed || x->record.len))
		status = complain(EXIT_FAILED, "a record is not whole");
	if (status == 0 && name && fsync(x->fd) != 0 && errno != EINVAL && errno != EROFS)
		status = complain(EXIT_FAILED, "%s: %s", name, strerror(errno));
	if (status != 0 && x->records)
		complain(status, "%" PRId64 " records are whole; go on with --after %" PRId64, x->records,
			 x->last);
	else if (status == 0 && name && x->records)
		complain(0, "%" PRId64 " records; the next export goes on with --after %" PRId64, x->records,
			 x->last);
	else if (status == 0 && name)
		complain(0, "no record");
	return status;
}

static int run(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT;
	const char *name = ctl->option[OPT_OUT], *format = ctl->option[OPT_FORMAT];
	struct export x = {.record = BUF_INIT, .ctl = ctl, .name = name, .fd = name ? -1 : STDOUT_FILENO};
	int status = export_path(ctl, &path, &x.after);
	if (status != 0)
		return status;
	if (name && !given(ctl, OPT_FORCE) && access(name, F_OK) == 0)
		return complain(EXIT_FAILED, "%s exists; --force replaces it", name);
	x.last = x.after;
	x.head = x.after < 0 && format && !strcmp(format, "csv");
	progress_begin(&x.progress, "export");
	status = api_download(ctl, path.data, &x.size, take, &x);
	progress_end(&x.progress);
	status = finish(&x, status);
	if (name && x.fd >= 0)
		close(x.fd);
	buf_finish(&x.record);
	return status;
}

const struct verb verb_export = {
    .name = "export",
    .operands = "",
    .help = "the audit log for other programs, as a stream",
    .most = 0,
    .options = OPTION(FORMAT) | OPTION(AFTER) | OPTION(SINCE) | OPTION(UNTIL) | OPTION(AGENT) | OPTION(OUT) |
	       OPTION(FORCE),
    .run = run,
};
