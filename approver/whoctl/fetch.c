/* fetch.c: reports that the approver takes its time for; see fetch.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/fetch.h"
#include "approver/whoctl/newfile.h"
#include "common/io.h"
#include <string.h>
#include <unistd.h>

#define REPORT_MAX (64u << 20)

struct fetching {
	struct buf line, last; /* what has come of a line, and the last whole one */
	bool terminal, told, too_large;
};

static void say_progress(struct fetching *f)
{
	int64_t done = 0, of = 0;
	struct buf text BUF_AUTO = BUF_INIT;
	if (!f->terminal || strncmp(f->last.data, "{\"done\":", 8) != 0)
		return;
	cJSON *line JSON_AUTO = json_parse(f->last.data, f->last.len, NULL);
	if (!json_integer(line, "done", &done))
		return;
	json_integer(line, "of", &of);
	buf_addf(&text, "\r\033[K%lld records read", (long long)done);
	if (of > done)
		buf_addf(&text, ", %lld %%", (long long)(done * 100 / of));
	f->told = true;
	if (!text.failed)
		write_all(STDERR_FILENO, text.data, text.len);
}

/* An empty line says that the approver is at work, and nothing else. */
static void line_ended(struct fetching *f)
{
	if (!f->line.len)
		return;
	buf_finish(&f->last);
	f->last = f->line;
	f->line = (struct buf)BUF_INIT;
	say_progress(f);
}

static bool take(const char *bytes, size_t len, void *arg)
{
	struct fetching *f = arg;
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) : len;
		buf_add(&f->line, bytes, n);
		f->too_large = f->line.len > REPORT_MAX;
		if (f->line.failed || f->too_large)
			return false;
		if (end)
			line_ended(f);
		bytes += n + (end != NULL);
		len -= n + (end != NULL);
	}
	return true;
}

int report_fetch(struct ctl *ctl, const char *path, const char *name, cJSON **answer)
{
	struct fetching f = {.line = BUF_INIT, .last = BUF_INIT, .terminal = isatty(STDERR_FILENO) == 1};
	bool began = false;
	int status = api_stream(ctl, path, NULL, true, &began, take, &f);
	if (f.told)
		write_all(STDERR_FILENO, "\r\033[K", 4);
	cJSON *last JSON_AUTO = status == 0 && f.last.len ? json_parse(f.last.data, f.last.len, NULL) : NULL;
	if (status == 0 && f.line.failed)
		status = complain(EXIT_FAILED, "out of memory");
	else if (status == 0 && f.too_large)
		status = complain(EXIT_FAILED, "the answer is more than 64 MiB: ask for less");
	else if (status == 0 && json_string(last, "problem"))
		status = complain(EXIT_FAILED, "the approver: %s", json_string(last, "problem"));
	else if (status == 0 && !json_object(last, name))
		status = complain(EXIT_UNREACHABLE, "approver %s broke off its answer", api_url(ctl));
	else if (status == 0)
		*answer = cJSON_DetachItemFromObjectCaseSensitive(last, name);
	buf_finish(&f.line);
	buf_finish(&f.last);
	return status;
}

int report_format(struct ctl *ctl, unsigned allowed, enum report_format *format)
{
	static const char *const names[FORMATS] = {"text", "json", "html", "csv"};
	const char *asked = ctl->option[OPT_FORMAT], *file = ctl->option[OPT_OUT];
	const char *dot = file ? strrchr(file, '.') : NULL;
	*format = given(ctl, OPT_JSON) ? FORMAT_JSON : FORMAT_TEXT;
	if (asked && given(ctl, OPT_JSON) && strcmp(asked, "json"))
		return complain_usage(ctl, "--json and --format %s contradict each other", asked);
	for (int i = 0; i < FORMATS; i++) {
		if (!(allowed & 1u << i))
			continue;
		if (asked && !strcmp(asked, names[i])) {
			*format = (enum report_format)i;
			return 0;
		}
		if (!asked && dot && !given(ctl, OPT_JSON) && !strcmp(dot + 1, names[i]))
			*format = (enum report_format)i;
	}
	return asked ? complain_usage(ctl, "--format is text, json%s or html, not \"%s\"",
				      allowed & 1u << FORMAT_CSV ? ", csv" : "", asked)
		     : 0;
}

int report_output(struct ctl *ctl, const struct buf *text)
{
	struct newfile file = {.folder = -1, .fd = -1};
	const char *path = ctl->option[OPT_OUT];
	if (!path)
		return output(text);
	int status = newfile_begin(&file, path, given(ctl, OPT_FORCE));
	file.mode = 0600;
	if (status == 0)
		status = newfile_commit(&file, text);
	newfile_finish(&file);
	return status;
}
